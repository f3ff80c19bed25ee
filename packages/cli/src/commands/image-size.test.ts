import { InvalidArgumentError } from 'commander'
import { expect, it } from 'vitest'
import { cropSize, resizeSize } from './image-size.ts'

it('two numbers are a width and a height', () => {
  expect(cropSize('192x48')).toEqual({ width: 192, height: 48 })
  expect(resizeSize('192x48')).toEqual({ width: 192, height: 48 })
})

it('one number is a square of a crop, and the shorter side of a resize', () => {
  expect(cropSize('224')).toEqual({ width: 224, height: 224 })
  expect(resizeSize('256')).toEqual({ shorter: 256 })
})

it.each(['', '0', '0x48', '192x0', '192x', 'x48', '-1', '1.5', '192x48x3', 'wide'])('%o is no size', (text) => {
  expect(() => cropSize(text)).toThrow(InvalidArgumentError)
})
