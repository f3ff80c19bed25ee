import { logSumExp, predictedClasses, type Tensor } from '@loadbearing/core'

/** p(ŷ) − p(ŷ′) of every example, p the probabilities before, ŷ and ŷ′ the classes predicted before and after. @param clean [examples, classes] */
export function expectedDrops(clean: Tensor, moved: Tensor): Float64Array {
  const [before, after] = [predictedClasses(clean), predictedClasses(moved)]
  return Float64Array.from(
    after,
    (predicted, example) => probability(clean, example, before[example]!) - probability(clean, example, predicted),
  )
}

/** The probability of a class; 0 of none. */
function probability({ shape, data }: Tensor, example: number, predicted: number): number {
  if (predicted < 0) return 0
  const classes = shape[1]!
  const start = example * classes
  return Math.exp(data[start + predicted]! - logSumExp(data, start, start + classes))
}
