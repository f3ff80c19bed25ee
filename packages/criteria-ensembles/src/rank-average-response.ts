import { fisher } from '@loadbearing/criteria-gradients'
import { weightError } from '@loadbearing/criteria-weights'
import { rankAverage } from './rank-average.ts'

/**
 * The average rank (see `rankAverage`) of how far the perturbation moves the weights and of how much the loss feels it when they move.
 *
 * Why these: the two factors of FIT and HAWQ-V2, whose product this is on the scale of ranks, where neither can drown the other.
 *
 * Source: Borda's method, as in `rankAverage`; the choice of members is this project's own.
 */
export const rankAverageResponse = rankAverage({
  name: 'rank-average-response',
  version: 1,
  summary: 'Averages the ranks of how far the perturbation moves the weights and of how much the loss feels it.',
  members: [weightError, fisher],
})
