import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fixture, pillow } from './fixtures.ts'
import { decoded } from '../src/decode.ts'
import { resized } from '../src/resample.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const wide = readFileSync(fixture('wide.png'))

describe('an image is, to the byte, what Pillow makes of it', () => {
  it.each(pillow.resizes)(
    'resized to $height × $width, $resample',
    async ({ resample, height, width, sha256: expected }) => {
      const { data, ...size } = resized(await decoded(wide, 3), height, width, resample)
      expect(size).toEqual({ height, width, channels: 3 })
      expect(sha256(data)).toBe(expected)
    },
  )

  it('in grey', async () => {
    expect(sha256((await decoded(wide, 1)).data)).toBe(pillow.grey)
  })

  it('out of a JPEG', async () => {
    expect([...(await decoded(readFileSync(fixture('wide.jpg')), 3)).data]).toEqual(pillow.jpeg)
  })
})

describe('a resize', () => {
  it('leaves a picture of one colour as it is, whatever the kernel', () => {
    const data = new Uint8Array(7 * 5 * 3).fill(201)
    for (const resample of ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'] as const) {
      for (const [height, width] of [[3, 9] as const, [14, 2] as const]) {
        const { data: found } = resized({ height: 7, width: 5, channels: 3 as const, data }, height, width, resample)
        expect(new Set(found)).toEqual(new Set([201]))
      }
    }
  })

  it('to half is the mean of pairs with a box', () => {
    const image = { height: 1, width: 4, channels: 1 as const, data: Uint8Array.from([0, 10, 100, 255]) }
    // 177.5 is rounded up.
    expect([...resized(image, 1, 2, 'box').data]).toEqual([5, 178])
  })
})
