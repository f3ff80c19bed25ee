import { byLayer, defineCriterion, meanOfDraws } from '@loadbearing/core'
import { z } from 'zod'
import { crossedMean } from './crossed-mean.ts'
import { expectedDrops } from './expected-drops.ts'
import { budget } from './sweep.ts'

/**
 * s(l) as of `expected-drop`, at the same price, but each draw and each level takes calibration examples of its own: those that follow
 * the ones before it, from the first again where they end.
 *
 * A task's score is the mean over its live levels. Where all levels see the same few examples, these decide it; where each sees others,
 * the mean is over several times as many. Layers see the same at a level, so that what they share cancels in their order. The
 * price is one pass of the unperturbed network a level, shared by all layers. As draws share no examples they are independent: the
 * standard error is that of their mean, or of the mean over examples where the perturbation is deterministic.
 *
 * Source: our own. That a mean over levels is best sampled anew at each is what stratified sampling rests on.
 */
export const spreadDrop = defineCriterion({
  name: 'spread-drop',
  version: 1,
  summary: 'Expects a drop of accuracy from changed predictions, on other images at every intensity and draw.',
  reference: {
    title: 'Predicting with Confidence on Unseen Distributions (Guillory et al. 2021)',
    url: 'https://arxiv.org/abs/2107.03315',
  },
  needs: ['logits', 'perturbation', 'perturbedForward'],
  options: z.object(budget),
  async score({ layers, examples, logits, perturbation, intensity, perturbed, perturbedForward }, { forwards, draws }) {
    const rounds = perturbation.stochastic ? Math.min(draws, forwards) : 1
    const count = Math.min(examples, Math.floor(forwards / rounds))
    const parts = Math.floor(examples / count)
    const level = Math.max(0, perturbation.intensities.indexOf(intensity))
    const found = new Map(layers.map(({ name }): [string, Float64Array[]] => [name, []]))
    for (let draw = 0; draw < rounds; draw++) {
      const inputs = { from: ((level * rounds + draw) % parts) * count, count }
      const clean = await logits(inputs)
      for (const layer of layers) {
        const moved = await perturbedForward(layer, perturbed(layer, draw), inputs)
        found.get(layer.name)!.push(expectedDrops(clean, moved))
      }
    }
    return byLayer(layers, ({ name }) => {
      const rows = found.get(name)!
      if (!perturbation.stochastic) return crossedMean(rows, false)
      return meanOfDraws(rows.map((row) => row.reduce((sum, drop) => sum + drop, 0) / row.length))
    })
  },
})
