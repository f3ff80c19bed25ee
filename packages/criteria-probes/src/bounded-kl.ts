import { bounded, defineCriterion, klDivergences, type Layer, type Score } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = mean over calibration examples x and draws of the perturbation of
 *
 *   1 − exp(−KL(p(·|x) ‖ p′(·|x)))
 *
 * p and p′ the network's class probabilities without and with layer l perturbed: the measurement of the ground truth itself,
 * on few examples of another split. The budget `forwards` is spent on examples first: draws × examples = forwards, with `draws`
 * draws of a stochastic perturbation and one of a deterministic one. No labels are needed.
 *
 * Source: the KL divergence as a layer's sensitivity is ZeroQ's (Cai et al. 2020, equation 3); bounding it keeps single examples from
 * carrying the mean. Real calibration images, not distilled ones.
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
    const scores = new Map<string, Score>()
    for (const layer of layers) scores.set(layer.name, await probe(layer))
    return scores

    async function probe(layer: Layer): Promise<Score> {
      const divergences: number[] = []
      for (let draw = 0; draw < rounds; draw++) {
        const logits = await perturbedForward(layer, perturbed(layer, draw), images)
        for (const divergence of klDivergences(clean, logits)) divergences.push(bounded(divergence))
      }
      const n = divergences.length
      const mean = divergences.reduce((sum, d) => sum + d, 0) / n
      if (n < 2) return { value: mean }
      const variance = divergences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1)
      return { value: mean, standardError: Math.sqrt(variance / n) }
    }
  },
})
