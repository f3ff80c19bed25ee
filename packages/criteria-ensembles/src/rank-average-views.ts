import { activationNorm } from '@loadbearing/criteria-activations'
import { fisher } from '@loadbearing/criteria-gradients'
import { l2Norm } from '@loadbearing/criteria-weights'
import { rankAverage } from './rank-average.ts'

/**
 * The average rank (see `rankAverage`) of one criterion for each thing that can be seen of a layer: its weights, its activations, its
 * gradients.
 *
 * Why these: each is the plainest of its kind, a sum of squares or its root, and none sees what another does.
 *
 * Source: Borda's method, as in `rankAverage`; the choice of members is this project's own.
 */
export const rankAverageViews = rankAverage({
  name: 'rank-average-views',
  version: 1,
  summary: 'Averages the ranks of a norm of the weights, one of the activations and one of the gradients.',
  members: [l2Norm, activationNorm, fisher],
})
