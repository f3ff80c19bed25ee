import {
  fisher,
  fisherPruning,
  gradientActivation,
  gradientNorm,
  snip,
  taylor,
  taylorFilters,
} from '@loadbearing/criteria-gradients'
import { rankAverage } from './rank-average.ts'

/**
 * The average rank (see `rankAverage`) of every criterion that differentiates the loss once and adds up over the layer.
 *
 * Why these: they are estimates of one thing, what the loss rises by when a layer is disturbed, that err in different ways (the square
 * before or after the mean, by weight or by feature map, times the weight or not); an average is to cancel that. grasp, whose sign
 * means something else, and logit-gradient-norm, which has no loss in it, are left out.
 *
 * Source: Borda's method, as in `rankAverage`; the choice of members is this project's own.
 */
export const rankAverageGradients = rankAverage({
  name: 'rank-average-gradients',
  version: 1,
  summary: "Averages the ranks of the criteria that are made of the loss's first derivatives.",
  members: [fisher, fisherPruning, gradientActivation, gradientNorm, snip, taylor, taylorFilters],
})
