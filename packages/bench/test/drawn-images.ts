import { expect } from 'vitest'
import { type Host, type HostOptions, openHost } from '../src/host.ts'
import { type BenchModel, loadModel } from '../src/model.ts'

export const examples = 12

/** Numbers from −2 to 2 by Park and Miller's generator, which the reference draws, too. */
const pixels = (() => {
  let state = 1
  return Float32Array.from({ length: examples * 784 }, () => {
    state = (state * 48271) % 2147483647
    return (state / 2147483647 - 0.5) * 4
  })
})()

/** A network of the zoo with the first of those examples in place of its images. */
export async function small(name: string, count = examples): Promise<BenchModel> {
  const model = await loadModel({ reference: `zoo:${name}` })
  const shape = [1, 28, 28]
  const read = async (indices: readonly number[]): Promise<Float32Array> =>
    Float32Array.from(indices.flatMap((index) => [...pixels.subarray(index * 784, (index + 1) * 784)]))
  const labels = Int32Array.from({ length: count }, (_, index) => (index * 3) % 10)
  const fingerprint = async (): Promise<string> => 'drawn'
  const images = { kind: 'numbers', name: 'drawn', fingerprint, count, labels, classes: [], shape, read } as const
  return { ...model, images: async () => images }
}

export async function given<T>(model: BenchModel, options: HostOptions, work: (host: Host) => Promise<T>): Promise<T> {
  const host = await openHost(model, options)
  try {
    return await work(host)
  } finally {
    await host.release()
  }
}

/** Within a ten-thousandth of the length. */
export function expectClose(made: ArrayLike<number>, expected: ArrayLike<number>): void {
  const length = Math.hypot(...Array.from(expected))
  expect(Math.hypot(...Array.from(expected, (value, i) => value - made[i]!))).toBeLessThanOrEqual(1e-4 * length)
}
