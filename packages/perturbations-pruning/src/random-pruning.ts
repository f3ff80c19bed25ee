import { definePerturbation, tensor } from '@loadbearing/core'
import { shareOf } from './share-of.ts'

/**
 * round(f · n) of the n weights, drawn without replacement, become 0.
 *
 * They are drawn in one pass (selection sampling: Knuth, The Art of Computer Programming 2, section 3.4.2, algorithm S).
 *
 * Source: Liu et al. 2022, who prune layers at random before training, at sparsities chosen per layer; here a trained layer is
 * pruned, at the fraction that is given.
 */
export const randomPruning = definePerturbation({
  name: 'random-pruning',
  family: 'pruning',
  version: 1,
  summary: 'Sets the given fraction of the weights, drawn at random, to zero.',
  reference: {
    title:
      'The Unreasonable Effectiveness of Random Pruning: Return of the Most Naive Baseline for Sparse Training (Liu et al. 2022)',
    url: 'https://arxiv.org/abs/2202.02643',
  },
  target: 'weights',
  unit: 'fraction of the weights',
  intensities: [0.1, 0.3, 0.5, 0.7, 0.85],
  stochastic: true,
  apply({ shape, data }, fraction, { rng }) {
    let toPrune = shareOf(fraction, data.length)
    return tensor(
      shape,
      data.map((w, index) => {
        if (rng.integer(data.length - index) >= toPrune) return w
        toPrune--
        return 0
      }),
    )
  },
})
