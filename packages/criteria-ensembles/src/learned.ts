import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { coefficientsFor } from './coefficients.ts'
import { centredRanks } from './feature-ranks.ts'
import { featureNames, featureNeeds, featuresOf, type LayerFeatures } from './layer-features.ts'

/**
 * s(l) = Σ_f β_f · (rank of layer l by feature f, between −½ and ½): an average of the ranks by the features of `layer-features`, with
 * weights β that were learnt from measured networks.
 *
 * A network of the zoo is scored by the weights that were learnt without its architecture family; any other network by those of all
 * families. How they were learnt, how well they do on families that they have not seen, and what did not help is in
 * docs/learned-criterion.md; `npm run train:learned` writes both.
 *
 * Source: none; it is this project's own. FIT (Zandonati et al. 2022), the mean Fisher information times the squared error of the
 * weights, is one of its features, with the network's own class probabilities in place of true classes. It runs no forward pass with
 * perturbed weights: the logits are moved by their derivatives times the change of the weights. Ranks are averaged at each level, so that
 * a level at which all is lost weighs no more than another. A layer without features has no score, and is not ranked.
 */
export const learned = defineCriterion({
  name: 'learned',
  version: 1,
  summary: 'Averages ranks by features of a layer, with weights learnt from other architectures.',
  reference: {
    title: 'FIT: A Metric for Model Sensitivity (Zandonati et al. 2022)',
    url: 'https://arxiv.org/abs/2210.08502',
  },
  needs: ['identity', ...featureNeeds],
  options: z.object({
    examples: z.int().min(1).default(16).describe('calibration examples, at most'),
    classes: z.int().min(2).default(10).describe('classes whose logits are differentiated, at most: the likeliest'),
    draws: z.int().min(1).default(2).describe('draws of a stochastic perturbation'),
    memory: z.int().min(1).default(1024).describe('MiB that derivatives may take; more of them are of fewer examples'),
  }),
  async score(context, options) {
    const { weights } = coefficientsFor(context.model)
    const features = await featuresOf(context, options)
    const told = new Map<string, LayerFeatures>()
    for (const [name, its] of features) if (!('reason' in its)) told.set(name, its)
    const values = new Float64Array(told.size)
    for (const feature of featureNames) {
      const ranks = centredRanks([...told.values()].map((its) => its[feature]))
      ranks.forEach((rank, layer) => (values[layer]! += weights[feature] * rank))
    }
    const scores = new Map([...told.keys()].map((name, layer) => [name, values[layer]!]))
    return byLayer(context.layers, ({ name }) => {
      const its = features.get(name)!
      return 'reason' in its ? its : scores.get(name)!
    })
  },
})
