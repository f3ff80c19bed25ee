import {
  byLayer,
  type Capabilities,
  type CriterionContext,
  type Inputs,
  type Layer,
  type LayerScores,
  type Score,
  type Tensor,
  type Unscored,
} from '@loadbearing/core'
import { z } from 'zod'
import { crossedMean } from './crossed-mean.ts'

/** The options of every probe: what it may spend. */
export const budget = {
  forwards: z.int().min(1).default(40).describe('forwards of one image, a layer and a level'),
  draws: z.int().min(1).default(2).describe('draws of a stochastic perturbation that the forwards are split over'),
}

/** What to compare with: logits of the network as it is. @returns the reason of every layer where they are not finite */
export async function cleanLogits(
  logits: Capabilities['logits']['logits'],
  inputs: Inputs,
): Promise<Tensor | Unscored> {
  const clean = await logits(inputs)
  if (clean.data.every(Number.isFinite)) return clean
  return { reason: 'the unperturbed network gives logits that are not finite' }
}

/**
 * Perturbs one layer after the other and compares what the network says with what it said before. The budget of a layer, `forwards`, is
 * split into `draws` draws of a stochastic perturbation (one of a deterministic one; never more draws than forwards), each on the same
 * ⌊forwards / draws⌋ first examples, or on all where there are fewer. A layer's score is the mean over draws and examples. Its standard
 * error covers both; it is left out where it can't be estimated (one example, or one draw of a stochastic perturbation). A layer with
 * a value that is NaN or infinite, as logits may be, has that as its reason instead.
 *
 * @param compare logits before and after [examples, classes] to one value an example
 * @param inputs what to run on, given how many the budget allows; the first calibration examples by default
 */
export async function sweep(
  {
    layers,
    examples,
    logits,
    perturbation,
    perturbed,
    perturbedForward,
  }: CriterionContext<'logits' | 'perturbation' | 'perturbedForward'>,
  { forwards, draws }: { readonly forwards: number; readonly draws: number },
  compare: (clean: Tensor, moved: Tensor) => Float64Array,
  inputs: (count: number) => Inputs = (count) => Math.min(examples, count),
): Promise<LayerScores> {
  const rounds = perturbation.stochastic ? Math.min(draws, forwards) : 1
  const asked = inputs(Math.floor(forwards / rounds))
  const clean = await cleanLogits(logits, asked)
  if ('reason' in clean) return byLayer(layers, () => clean)
  const scores = new Map<string, Score | Unscored>()
  for (const layer of layers) scores.set(layer.name, await probe(layer, clean))
  return scores

  async function probe(layer: Layer, clean: Tensor): Promise<Score | Unscored> {
    const table: Float64Array[] = []
    for (let draw = 0; draw < rounds; draw++) {
      table.push(compare(clean, await perturbedForward(layer, perturbed(layer, draw), asked)))
    }
    if (!table.every((row) => row.every(Number.isFinite))) {
      return { reason: 'the perturbed network gave NaN or infinite logits, and this criterion has no bound' }
    }
    return crossedMean(table, perturbation.stochastic)
  }
}
