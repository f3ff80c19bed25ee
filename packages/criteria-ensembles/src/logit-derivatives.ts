import type { CriterionContext, Layer } from '@loadbearing/core'
import { placesOf, type SampledPlaces, valuesAt } from './sampled-places.ts'

/** What a criterion must offer for the derivatives of logits. */
export type Differentiated = CriterionContext<'gradients' | 'logits'>

/** The classes that the network finds likeliest on a few examples, and what it says of them. */
export interface LikelyClasses {
  readonly classes: readonly number[]
  /** Of each example the logits of these classes. */
  readonly logits: readonly Float64Array[]
  /** Of each example the probabilities, of these classes alone: they sum to 1. */
  readonly probabilities: readonly Float64Array[]
}

/** The `most` classes of the highest mean probability over the first `examples` examples. */
export async function likelyClasses(
  { logits }: Differentiated,
  examples: number,
  most: number,
): Promise<LikelyClasses> {
  const { shape, data } = await logits(examples)
  const [count, width] = shape as [number, number]
  const rows = Array.from({ length: count }, (_, n) => Float64Array.from(data.subarray(n * width, (n + 1) * width)))
  const likely = rows.map(softmax)
  const mean = Array.from({ length: width }, (_, k) => likely.reduce((sum, p) => sum + p[k]!, 0))
  const classes = mean
    .map((_, k) => k)
    .sort((a, b) => mean[b]! - mean[a]! || a - b)
    .slice(0, most)
    .sort((a, b) => a - b)
  const chosen = rows.map((row) => Float64Array.from(classes, (k) => row[k]!))
  return { classes, logits: chosen, probabilities: chosen.map(softmax) }
}

export function softmax(logits: Float64Array): Float64Array {
  const top = Math.max(...logits)
  const raised = logits.map((logit) => Math.exp(logit - top))
  const sum = raised.reduce((a, b) => a + b, 0)
  return raised.map((value) => value / sum)
}

/** Of each layer the derivatives of each class's logit, example by example, with respect to its weights: [class][example]. */
export async function weightDerivatives(
  { layers, exampleGradients }: Differentiated,
  classes: readonly number[],
  examples: number,
): Promise<ReadonlyMap<string, Float32Array[][]>> {
  const found = new Map(layers.map(({ name }) => [name, classes.map((): Float32Array[] => [])]))
  for (const [index, logit] of classes.entries()) {
    for await (const gradients of exampleGradients({ objective: { logit }, examples })) {
      for (const [name, byClass] of found) byClass[index]!.push(gradients.get(name)!.data)
    }
  }
  return found
}

/**
 * Of each layer, at each place that was looked at, the Fisher information of what the layer makes there: of every output channel the
 * variance, over the network's own class probabilities, of the derivatives of the logits.
 */
export async function outputFisher(
  { layers, activationGradients }: Differentiated,
  { classes, probabilities }: LikelyClasses,
  places: ReadonlyMap<string, SampledPlaces>,
): Promise<ReadonlyMap<string, Float64Array[]>> {
  const moments = new Map(
    [...places].map(([name, { made }]) => [
      name,
      made.map(({ length }) => ({ mean: new Float64Array(length), square: new Float64Array(length) })),
    ]),
  )
  for (const [index, logit] of classes.entries()) {
    let first = 0
    for await (const { examples, gradients } of activationGradients({
      objective: { logit },
      examples: probabilities.length,
    })) {
      for (const layer of layers) {
        const sampled = places.get(layer.name)
        if (sampled) add(layer, sampled, first, examples, index, gradients.get(layer.name)!.output)
      }
      first += examples
    }
  }
  return new Map(
    [...moments].map(([name, at]) => [
      name,
      at.map(({ mean, square }) => square.map((value, o) => Math.max(0, value - mean[o]! ** 2))),
    ]),
  )

  function add(
    layer: Layer,
    { where }: SampledPlaces,
    first: number,
    examples: number,
    index: number,
    gradient: Parameters<typeof valuesAt>[0],
  ): void {
    const of = placesOf(layer, gradient.shape)
    where.forEach(({ row, place }, s) => {
      if (row < first || row >= first + examples) return
      const p = probabilities[row]![index]!
      const { mean, square } = moments.get(layer.name)![s]!
      valuesAt(gradient, of, row - first, place).forEach((g, o) => {
        mean[o]! += p * g
        square[o]! += p * g ** 2
      })
    })
  }
}
