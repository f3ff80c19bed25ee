import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { multipliersOf, outputsOf } from './outputs.ts'

/**
 * s(l) = (1/N) Σ_n Σ_j |m_nj (y_nj − y⁰_nj)|, over the first N calibration examples, y_nj unit j of what the layer makes (before any
 * activation function) of example n, y⁰_nj of an input of zeros, m_nj its multiplier for the logit of example n's true class: what the
 * logit gains from zeros to the example, shared out exactly, in one pass backward instead of an integral.
 *
 * Source: Shrikumar et al. 2017, the rescale rule (section 3.5.2): a function of one number hands on its slope between what it reads of
 * both, (f(x) − f(x⁰)) / (x − x⁰), a linear one its weight. They attribute to inputs; that magnitudes of contributions to a layer are
 * summed is ours. The slope is the derivative's mean over the straight way between both, and so the rule is carried on where theirs
 * ends: either factor of a product has the mean of the other, a place of a maximum the share of the way on which it holds it; softmax,
 * division and normalization are taken apart into functions of one number, sums and products. So the contributions at a layer that all
 * paths cross add up to what the logit gains, on every network of the zoo. Captum's DeepLift gives what a maximum loses to the place
 * that held it on zeros; there all places may be equal, and then which it is depends on rounding.
 *
 * Zeros are of the input as the network reads it, preprocessed.
 */
export const deepliftRescale = defineCriterion({
  name: 'deeplift-rescale',
  version: 1,
  summary:
    'Shares out what the true logit gains from zeros to the example by slopes between both; sums the magnitudes.',
  reference: {
    title: 'Learning Important Features Through Propagating Activation Differences (Shrikumar et al. 2017)',
    url: 'https://arxiv.org/abs/1704.02685',
  },
  needs: ['activations', 'gradients', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(64).describe('calibration examples, at most'),
  }),
  async score({ layers, activations, outputMultipliers }, { examples }) {
    const made = await outputsOf({ activations }, { examples })
    const before = await outputsOf({ activations }, { examples, path: { alpha: 0, baseline: 'zeros' } })
    const multipliers = await multipliersOf({ outputMultipliers }, 'zeros', { objective: 'true-logit', examples })
    return byLayer(layers, ({ name }) => {
      const [{ shape, data }, start] = [made.get(name)!, before.get(name)!.data]
      const multiplier = multipliers.get(name)!.data
      return data.reduce((sum, value, i) => sum + Math.abs(multiplier[i]! * (value - start[i]!)), 0) / shape[0]!
    })
  },
})
