import { tensor, type Tensor } from '@loadbearing/core'

/**
 * (1 − α) · W + α · S, computed in float64 and rounded once. The ends are exact to the bit: α = 0 gives W and α = 1 gives S.
 *
 * @param target S, one value a weight
 * @throws RangeError where α is no number from 0 to 1
 */
export function interpolate({ shape, data }: Tensor, target: Float32Array, alpha: number): Tensor {
  if (!(alpha >= 0 && alpha <= 1)) throw new RangeError('the intensity is a share of the way, from 0 to 1')
  // −0 + 0 is 0, another byte.
  if (alpha === 0) return tensor(shape, data.slice())
  if (alpha === 1) return tensor(shape, target.slice())
  return tensor(
    shape,
    data.map((w, index) => (1 - alpha) * w + alpha * target[index]!),
  )
}
