import { logSumExp } from './divergence.ts'
import type { Tensor } from './tensor.ts'

/** The class of the largest logit, the first among equals; −1 where a logit is NaN or infinite. */
export function predictedClasses({ shape, data }: Tensor): Int32Array {
  const [examples = 0, classes = 0] = shape
  return Int32Array.from({ length: examples }, (_, example) => {
    let best = 0
    for (let c = 0; c < classes; c++) {
      const logit = data[example * classes + c]!
      if (!Number.isFinite(logit)) return -1
      if (logit > data[example * classes + best]!) best = c
    }
    return best
  })
}

/** −log p(label) of every example, in nats; NaN or infinite where a logit is. @param logits [examples, classes] */
export function crossEntropies({ shape, data }: Tensor, labels: ArrayLike<number>): Float64Array {
  const [examples = 0, classes = 0] = shape
  return Float64Array.from({ length: examples }, (_, example) => {
    const start = example * classes
    return logSumExp(data, start, start + classes) - data[start + labels[example]!]!
  })
}
