import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openUserImages } from '../src/index.ts'
import { fixture } from './fixtures.ts'
import { asked } from './opened.ts'
import { folderWith } from './temporary-folder.ts'

/** What tools/reference/images.py put into the tables. */
const held = JSON.parse(readFileSync(fixture('tables.json'), 'utf8')) as {
  readonly labels: readonly number[]
  readonly names: readonly string[]
  readonly sizes: readonly (readonly [number, number])[]
  readonly sha256: readonly string[]
}

/** SHA-256 of an image's interleaved bytes, as Pillow holds them. */
async function digests(path: string, order: readonly number[]): Promise<string[]> {
  const { images } = await openUserImages(path, asked(3))
  const found = []
  for (const row of order) {
    const [height, width] = held.sizes[row]!
    const planes = await images('all', 3, { height, width }, {}).read([row])
    const area = height * width
    const mixed = planes.map((_, i) => planes[(i % 3) * area + Math.floor(i / 3)]!)
    found.push(createHash('sha256').update(mixed).digest('hex'))
  }
  return found
}

const tables = [
  'hub.parquet',
  'hub-zstd.parquet',
  'hub-gzip.parquet',
  'plain.parquet',
  'hub-file.arrow',
  'hub-stream.arrow',
]

describe.each(tables)('%s, written by pyarrow', (name) => {
  it('holds the images and labels that were put into it', async () => {
    const { count, images } = await openUserImages(fixture(name), asked(3))
    const all = images('all', 3, { height: 8, width: 8 }, { resize: { height: 8, width: 8 } })
    expect(count).toBe(12)
    expect([...all.labels]).toEqual(held.labels)
    expect(all.classes).toEqual(held.names)
    expect(await digests(fixture(name), [11, 0, 5, 4])).toEqual([11, 0, 5, 4].map((row) => held.sha256[row]))
    // Rows of all row groups, in an order that is not theirs, one of them twice.
    const one = async (row: number) => [...(await all.read([row]))]
    const mixed = [9, 2, 11, 2, 6]
    expect([...(await all.read(mixed))]).toEqual((await Promise.all(mixed.map(one))).flat())
  })

  it('is refused when it is cut off', async () => {
    const whole = readFileSync(fixture(name))
    for (const share of [0.3, 0.7, 0.999]) {
      const path = join(folderWith({ [name]: whole.subarray(0, Math.floor(share * whole.length)) }), name)
      await expect(openUserImages(path, asked(3)), String(share)).rejects.toMatchObject({
        code: 'input',
        message: expect.stringMatching(/cannot be read as (Parquet|Arrow): /) as string,
        hint: 'It may be truncated: download or write it again.',
      })
    }
  })
})

describe('a table', () => {
  it('whose classes have names that a file maps goes by the names', async () => {
    const labels = join(folderWith({ 'l.txt': 'ant\neel\ncat\ndog\n' }), 'l.txt')
    const { images } = await openUserImages(fixture('hub.parquet'), asked(4, labels))
    expect([...images('all', 3, { height: 1, width: 1 }, {}).labels]).toEqual(
      held.labels.map((label) => [2, 3, 1][label]),
    )
  })

  it('whose indices have names goes by the names in the config.json near the model', async () => {
    const id2label = { 0: 'ant', 1: 'eel', 2: 'cat', 3: 'dog' }
    const file = join(folderWith({ 'config.json': JSON.stringify({ id2label }) }), 'mine.onnx')
    const { images } = await openUserImages(fixture('hub.parquet'), { ...asked(4), file })
    expect([...images('all', 3, { height: 1, width: 1 }, {}).labels]).toEqual(
      held.labels.map((label) => [2, 3, 1][label]),
    )
  })

  it('whose classes are not as many as the outputs is refused: their indices may mean others', async () => {
    await expect(openUserImages(fixture('hub.parquet'), asked(1000))).rejects.toMatchObject({
      message: 'hub has images of 3 classes (cat, dog, eel), but mine tells 1000 apart.',
      hint: expect.stringContaining('--labels FILE') as string,
    })
  })

  it('without a column of images is refused, naming those that it has', async () => {
    await expect(openUserImages(fixture('without-images.parquet'), asked(2))).rejects.toThrow(
      /without-images\.parquet has no column of images \(image, .*\); it has 'text', 'label'\.$/,
    )
  })
})
