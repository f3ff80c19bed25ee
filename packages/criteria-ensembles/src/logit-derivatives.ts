import { type CriterionContext, tensor, type Tensor } from '@loadbearing/core'

/** What a criterion must offer for the derivatives of logits. */
export type Differentiated = CriterionContext<'gradients' | 'logits'>

/** The classes that the network finds likeliest on a few examples, and what it says of them. */
export interface LikelyClasses {
  readonly classes: readonly number[]
  /** The logits of these classes: [examples, classes]. */
  readonly logits: Tensor
  /** Of each example the probabilities, of these classes alone: they sum to 1. */
  readonly probabilities: readonly Float64Array[]
}

/** The `most` classes of the highest mean probability over the first `examples` examples, in their own order. */
export async function likelyClasses(
  { logits }: Differentiated,
  examples: number,
  most: number,
): Promise<LikelyClasses> {
  const { shape, data } = await logits(examples)
  const [count, width] = shape as [number, number]
  const rows = Array.from({ length: count }, (_, n) => data.subarray(n * width, (n + 1) * width))
  const likely = rows.map(softmax)
  const total = Array.from({ length: width }, (_, k) => likely.reduce((sum, p) => sum + p[k]!, 0))
  const classes = [...total.keys()]
    .sort((a, b) => total[b]! - total[a]! || a - b)
    .slice(0, most)
    .sort((a, b) => a - b)
  const chosen = rows.map((row) => classes.map((k) => row[k]!))
  return {
    classes,
    logits: tensor([count, classes.length], chosen.flat()),
    probabilities: chosen.map(softmax),
  }
}

function softmax(logits: ArrayLike<number> & Iterable<number>): Float64Array {
  const top = Math.max(...logits)
  const raised = Float64Array.from(logits, (logit) => Math.exp(logit - top))
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
 * Of every weight the Fisher information, a mean over examples: the variance, over the network's own class probabilities, of the
 * derivatives of the logits.
 *
 * @param derivatives [class][example]
 */
export function fisherDiagonal(
  derivatives: readonly (readonly Float32Array[])[],
  probabilities: readonly Float64Array[],
): Float64Array {
  const diagonal = new Float64Array(derivatives[0]![0]!.length)
  probabilities.forEach((p, n) => {
    const its = derivatives.map((of) => of[n]!)
    for (let i = 0; i < diagonal.length; i++) {
      let [mean, square] = [0, 0]
      for (let k = 0; k < p.length; k++) {
        const derivative = its[k]![i]!
        mean += p[k]! * derivative
        square += p[k]! * derivative * derivative
      }
      diagonal[i]! += Math.max(0, square - mean * mean) / probabilities.length
    }
  })
  return diagonal
}
