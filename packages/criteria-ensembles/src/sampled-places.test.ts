import { type Layer, rngFrom, sizeOf, tensor, type Tensor } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { applied, rowsOf, samplePlaces } from './sampled-places.ts'

const rng = rngFrom('sampled-places.test')
const normal = (shape: readonly number[]): Tensor =>
  tensor(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => rng.normal()),
  )

interface Convolution {
  readonly size: number
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
  readonly before: number
  readonly after: number
  readonly groups: number
}

/** A convolution along one axis, 4 channels to 6, with a bias, as its definition has it. */
function convolved(
  input: Tensor,
  weight: Tensor,
  { size, kernel, stride, dilation, before, after, groups }: Convolution,
): Tensor {
  const made = Math.floor((size + before + after - (kernel - 1) * dilation - 1) / stride) + 1
  const rows = input.shape[0]!
  const data = new Float32Array(rows * 6 * made)
  for (let n = 0; n < rows; n++) {
    for (let o = 0; o < 6; o++) {
      for (let at = 0; at < made; at++) {
        let sum = o
        for (let c = 0; c < 4 / groups; c++) {
          for (let k = 0; k < kernel; k++) {
            const place = at * stride + k * dilation - before
            const channel = Math.floor((o * groups) / 6) * (4 / groups) + c
            if (place < 0 || place >= size) continue
            sum += weight.data[(o * (4 / groups) + c) * kernel + k]! * input.data[(n * 4 + channel) * size + place]!
          }
        }
        data[(n * 6 + o) * made + at] = sum
      }
    }
  }
  return tensor([rows, 6, made], data)
}

const plain = { size: 12, kernel: 3, stride: 1, dilation: 1, before: 1, after: 1, groups: 1 }

describe('samplePlaces', () => {
  for (const [what, changes] of Object.entries({
    'that keeps the size': {},
    'without padding': { before: 0, after: 0 },
    'that halves the size': { stride: 2 },
    'that halves the size, padded as TensorFlow does': { stride: 2, before: 0 },
    'of patches': { kernel: 4, stride: 4, before: 0, after: 0 },
    'of patches, where another stride makes as many': { size: 28, kernel: 7, stride: 7, before: 0, after: 0 },
    'that leaves places out': { kernel: 1, stride: 2, before: 0, after: 0 },
    dilated: { dilation: 2, before: 2, after: 2 },
    'in groups': { groups: 2 },
  })) {
    it(`finds what a convolution ${what} reads`, () => {
      const convolution = { ...plain, ...changes }
      const weight = normal([6, 4 / convolution.groups, convolution.kernel])
      const layer = {
        op: 'Conv',
        weightShape: weight.shape,
        outputAxis: 0,
        inputAxis: 1,
        groups: convolution.groups,
      } as Layer
      const input = normal([3, 4, convolution.size])
      const output = convolved(input, weight, convolution)
      const { reads, made, where } = samplePlaces(layer, weight, { input, output }, 2, 5)!
      expect(where.length).toBe(2 * Math.min(5, output.shape[2]!))
      const linear = applied(rowsOf(layer, weight), convolution.groups, reads)
      made.forEach((values, s) => {
        expect([...values]).toEqual([...linear[s]!].map((value, o) => expect.closeTo(value + o, 4) as number))
      })
    })
  }

  it('finds what a matrix reads on either side of a product', () => {
    const input = normal([2, 5, 3])
    for (const left of [false, true]) {
      const weight = left ? normal([4, 5]) : normal([3, 4])
      const layer = {
        op: 'MatMul',
        weightShape: weight.shape,
        outputAxis: left ? 0 : 1,
        inputAxis: left ? 1 : 0,
        groups: 1,
      } as Layer
      const shape = left ? [2, 4, 3] : [2, 5, 4]
      const at = (n: number, i: number, j: number): number => input.data[(n * 5 + i) * 3 + j]!
      const output = tensor(
        shape,
        Array.from({ length: sizeOf(shape) }, (_, index) => {
          const [n, i, j] = [
            Math.floor(index / (shape[1]! * shape[2]!)),
            Math.floor(index / shape[2]!) % shape[1]!,
            index % shape[2]!,
          ]
          return left
            ? [0, 1, 2, 3, 4].reduce((sum, k) => sum + weight.data[i * 5 + k]! * at(n, k, j), 0)
            : [0, 1, 2].reduce((sum, k) => sum + at(n, i, k) * weight.data[k * 4 + j]!, 0)
        }),
      )
      expect(samplePlaces(layer, weight, { input, output }, 2, 3)?.reads.length).toBe(6)
    }
  })

  it('finds nothing where the outputs are not made of the inputs', () => {
    const weight = normal([6, 4, 3])
    const layer = { op: 'Conv', weightShape: weight.shape, outputAxis: 0, inputAxis: 1, groups: 1 } as Layer
    expect(samplePlaces(layer, weight, { input: normal([2, 4, 12]), output: normal([2, 6, 12]) }, 2, 5)).toBe(undefined)
  })
})
