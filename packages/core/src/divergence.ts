import type { Tensor } from './tensor.ts'

/**
 * KL(clean ‖ perturbed) of the class probabilities (softmax of the logits), in nats, for every example; Infinity where a
 * perturbed logit is NaN or infinite.
 *
 * @param clean logits [examples, classes]
 * @param perturbed logits of the same shape
 */
export function klDivergences(clean: Tensor, perturbed: Tensor): Float64Array {
  const [examples = 0, classes = 0] = clean.shape
  const divergences = new Float64Array(examples)
  for (let example = 0; example < examples; example++) {
    const start = example * classes
    const end = start + classes
    const cleanNormaliser = logSumExp(clean.data, start, end)
    const normaliser = logSumExp(perturbed.data, start, end)
    if (!Number.isFinite(normaliser)) {
      divergences[example] = Infinity
      continue
    }
    let sum = 0
    for (let i = start; i < end; i++) {
      const logP = clean.data[i]! - cleanNormaliser
      const term = logP - (perturbed.data[i]! - normaliser)
      sum += Math.exp(logP) * term
    }
    // Rounding can take the sum below zero by a hair; −Infinity among the logits makes it infinite or NaN.
    divergences[example] = Number.isNaN(sum) ? Infinity : Math.max(0, sum)
  }
  return divergences
}

/** 1 − exp(−KL): 0 where nothing changes, towards 1 where everything does. */
export function bounded(divergence: number): number {
  return 1 - Math.exp(-divergence)
}

/** log Σ exp(values[i]) over [start, end), without overflow; NaN or Infinity where a value is. */
export function logSumExp(values: Float32Array, start: number, end: number): number {
  let largest = -Infinity
  for (let i = start; i < end; i++) {
    const value = values[i]!
    // A comparison with NaN is false: it would vanish here.
    if (Number.isNaN(value)) return NaN
    if (value > largest) largest = value
  }
  if (!Number.isFinite(largest)) return largest
  let sum = 0
  for (let i = start; i < end; i++) sum += Math.exp(values[i]! - largest)
  return largest + Math.log(sum)
}
