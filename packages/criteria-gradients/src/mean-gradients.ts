import type { Capabilities, GradientOptions } from '@loadbearing/core'

/**
 * The gradient of the mean objective over all the examples, in however many batches they come, of every layer's weight, by layer
 * name.
 */
export async function meanGradients(
  { gradients }: Pick<Capabilities['gradients'], 'gradients'>,
  options: GradientOptions,
): Promise<ReadonlyMap<string, Float64Array>> {
  const sums = new Map<string, Float64Array>()
  let examples = 0
  for await (const batch of gradients(options)) {
    for (const [name, { data }] of batch.gradients) {
      const sum = sums.get(name) ?? new Float64Array(data.length)
      for (let i = 0; i < sum.length; i++) sum[i]! += batch.examples * data[i]!
      sums.set(name, sum)
    }
    examples += batch.examples
  }
  return new Map([...sums].map(([name, sum]) => [name, sum.map((value) => value / examples)]))
}
