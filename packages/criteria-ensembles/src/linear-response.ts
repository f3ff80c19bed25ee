import { bounded, klDivergences, type Tensor } from '@loadbearing/core'

/** What a change of a layer's weights does to the predictions, were the network linear in them. */
export interface LinearResponse {
  /** Mean over examples of 1 − exp(−KL(p ‖ p′)), as the ground truth has it. */
  readonly boundedKl: number
  /** Share of examples whose likeliest class becomes another one. */
  readonly flips: number
}

/**
 * Moves the logits by their derivatives with respect to the weights times the change of the weights: nothing is run with changed
 * weights.
 *
 * @param logits [examples, classes]
 * @param derivatives [class][example], each in the shape of the weight
 */
export function linearResponse(
  logits: Tensor,
  derivatives: readonly (readonly Float32Array[])[],
  change: Float32Array,
): LinearResponse {
  const [examples, classes] = logits.shape as [number, number]
  const data = logits.data.map((logit, i) => logit + inner(derivatives[i % classes]![Math.floor(i / classes)]!, change))
  const divergences = klDivergences(logits, { shape: logits.shape, data })
  let flipped = 0
  for (let n = 0; n < examples; n++) {
    const of = (values: Float32Array): number => likeliest(values.subarray(n * classes, (n + 1) * classes))
    if (of(data) !== of(logits.data)) flipped++
  }
  return { boundedKl: divergences.reduce((sum, each) => sum + bounded(each), 0) / examples, flips: flipped / examples }
}

function inner(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** The first of the largest; none, −1, where one is not a number. */
function likeliest(logits: Float32Array): number {
  return logits.indexOf(Math.max(...logits))
}
