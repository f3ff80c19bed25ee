import { bounded, byLayer, defineCriterion, klDivergences, type Layer, type Score } from '@loadbearing/core'
import { z } from 'zod'
import { crossedMean } from './crossed-mean.ts'

/**
 * s(l) = mean over calibration examples x and draws of the perturbation of
 *
 *   1 − exp(−KL(p(·|x) ‖ p′(·|x)))
 *
 * p and p′ the network's class probabilities without and with layer l perturbed: the measurement of the ground truth itself,
 * on few examples of another split. No labels are needed. The budget of a layer, `forwards`, is split into `draws` draws of a
 * stochastic perturbation (one of a deterministic one; never more draws than forwards), each on the same ⌊forwards / draws⌋ first
 * examples, or on all where there are fewer. The standard error covers draws and examples; it is left out where it can't be
 * estimated (one example, or one draw of a stochastic perturbation).
 *
 * Source: the KL divergence as a layer's sensitivity is ZeroQ's (Cai et al. 2020). Theirs is of quantization on distilled data;
 * here it is of any perturbation, on real calibration images, and bounded, so that single examples can't carry the mean.
 */
export const boundedKl = defineCriterion({
  name: 'bounded-kl',
  version: 1,
  summary: 'Perturbs the layer and measures how far the predictions move, on a few images.',
  reference: {
    title: 'ZeroQ: A Novel Zero Shot Quantization Framework (Cai et al. 2020)',
    url: 'https://arxiv.org/abs/2001.00281',
  },
  needs: ['logits', 'perturbation', 'perturbedForward'],
  options: z.object({
    forwards: z.int().min(1).default(40).describe('forwards of one image, a layer and a level'),
    draws: z.int().min(1).default(2).describe('draws of a stochastic perturbation that the forwards are split over'),
  }),
  async score({ layers, examples, logits, perturbation, perturbed, perturbedForward }, { forwards, draws }) {
    const rounds = perturbation.stochastic ? Math.min(draws, forwards) : 1
    const images = Math.min(examples, Math.floor(forwards / rounds))
    const clean = await logits(images)
    if (!clean.data.every(Number.isFinite)) {
      return byLayer(layers, () => ({ reason: 'the unperturbed network gives logits that are not finite' }))
    }
    const scores = new Map<string, Score>()
    for (const layer of layers) scores.set(layer.name, await probe(layer))
    return scores

    async function probe(layer: Layer): Promise<Score> {
      const table: Float64Array[] = []
      for (let draw = 0; draw < rounds; draw++) {
        const moved = await perturbedForward(layer, perturbed(layer, draw), images)
        table.push(klDivergences(clean, moved).map(bounded))
      }
      return crossedMean(table, perturbation.stochastic)
    }
  },
})
