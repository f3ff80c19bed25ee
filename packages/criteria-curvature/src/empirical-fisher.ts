import type { Capabilities } from '@loadbearing/core'

/**
 * The diagonal of the empirical Fisher information, by layer name: of every weight the mean over the first `examples` calibration
 * examples of the square of their own gradient of the loss.
 */
export async function empiricalFisher(
  { exampleGradients }: Pick<Capabilities['gradients'], 'exampleGradients'>,
  examples: number,
): Promise<ReadonlyMap<string, Float64Array>> {
  const sums = new Map<string, Float64Array>()
  let count = 0
  for await (const gradients of exampleGradients({ examples })) {
    for (const [name, { data }] of gradients) {
      const sum = sums.get(name) ?? new Float64Array(data.length)
      for (let i = 0; i < sum.length; i++) sum[i]! += data[i]! * data[i]!
      sums.set(name, sum)
    }
    count++
  }
  return new Map([...sums].map(([name, sum]) => [name, sum.map((value) => value / count)]))
}
