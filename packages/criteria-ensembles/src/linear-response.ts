import type { LikelyClasses } from './logit-derivatives.ts'
import { softmax } from './logit-derivatives.ts'

/** What a change of a layer's weights does to the predictions, were the network linear in them. */
export interface LinearResponse {
  /** Mean over examples of 1 − exp(−KL(p ‖ p′)), as the ground truth has it. */
  readonly boundedKl: number
  /** Share of examples whose likeliest class becomes another one. */
  readonly flips: number
}

/**
 * The logits are moved by their derivative with respect to the weights times the change: nothing is run with changed weights.
 *
 * @param derivatives [class][example], each in the shape of the weight
 */
export function linearResponse(
  { logits, probabilities }: LikelyClasses,
  derivatives: readonly (readonly Float32Array[])[],
  change: Float32Array,
): LinearResponse {
  let [bounded, flipped] = [0, 0]
  logits.forEach((clean, n) => {
    const moved = clean.map((logit, k) => logit + inner(derivatives[k]![n]!, change))
    const after = softmax(moved)
    const divergence = probabilities[n]!.reduce(
      (sum, p, k) => sum + (p > 0 ? p * Math.log(p / Math.max(after[k]!, leastProbability)) : 0),
      0,
    )
    bounded += 1 - Math.exp(-Math.max(0, divergence))
    if (likeliest(moved) !== likeliest(clean)) flipped++
  })
  return { boundedKl: bounded / logits.length, flips: flipped / logits.length }
}

/** Where a probability underflows to 0, a divergence that is finite. */
const leastProbability = 1e-300

function inner(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** Once a logit is not a number, none is: −1. */
function likeliest(logits: Float64Array): number {
  return logits.indexOf(Math.max(...logits))
}
