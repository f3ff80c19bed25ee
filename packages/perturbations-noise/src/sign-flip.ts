import { definePerturbation, tensor } from '@loadbearing/core'

/**
 * round(f · n) of the n weights, drawn without replacement, change their sign; all magnitudes stay.
 *
 * They are drawn in one pass (selection sampling: Knuth, The Art of Computer Programming 2, section 3.4.2, algorithm S).
 *
 * Source: Zhou et al. 2019, who find that the signs of a sparse network's initial weights matter and their magnitudes do not;
 * changing the signs of a trained layer is ours.
 */
export const signFlip = definePerturbation({
  name: 'sign-flip',
  family: 'noise',
  version: 1,
  summary: 'Changes the sign of the given fraction of the weights, drawn at random.',
  reference: {
    title: 'Deconstructing Lottery Tickets: Zeros, Signs, and the Supermask (Zhou et al. 2019)',
    url: 'https://arxiv.org/abs/1905.01067',
  },
  target: 'weights',
  unit: 'fraction of the weights',
  intensities: [0.05, 0.1, 0.2, 0.3, 0.4],
  stochastic: true,
  apply({ shape, data }, fraction, { rng }) {
    if (!(fraction >= 0 && fraction <= 1)) throw new RangeError('the intensity is a fraction from 0 to 1')
    let toFlip = Math.round(fraction * data.length)
    return tensor(
      shape,
      data.map((w, index) => {
        if (rng.integer(data.length - index) >= toFlip) return w
        toFlip--
        return -w
      }),
    )
  },
})
