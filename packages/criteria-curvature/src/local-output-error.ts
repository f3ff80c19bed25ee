import { defineCriterion, precisionOptions } from '@loadbearing/core'
import { z } from 'zod'
import { addedIn, type ChangedChannel, changedChannels } from './output-change.ts'
import { type OutputError, outputErrors, scoreErrors } from './output-errors.ts'
import { type Sample, samplePatches } from './sampled-patches.ts'

/**
 * s(l) = (1/N) Σ_n ‖ΔW X_n‖² = tr(ΔW C ΔWᵀ), C = (1/N) Σ_n X_n X_nᵀ, over the first N calibration examples, ΔW = W′ − W what the
 * perturbation that is being predicted adds to the layer's weights, X_n what they are multiplied by, a column a place of the output (of a
 * convolution its patches, group by group): the squared change of what the layer makes, before any activation function, while what it
 * reads stays the same.
 *
 * C is computed once a model, exactly where the places of all examples are no more than `positions`, else from that many at random,
 * whose error is no part of the standard error, as that of the examples is none. Where C would be larger than what it is computed from,
 * the sum is over the places themselves. Of a weight with several consuming nodes it is the
 * output of the first. A layer that makes something else than a weighted sum and a constant has no score, nor has one with a constant of
 * which but a single place of a single example is looked at: nothing there tells these apart.
 *
 * Source: Frantar & Alistarh 2022, the layer-wise problem that Optimal Brain Surgeon is solved for, ‖W X − W′ X‖², whose Hessian is 2 C;
 * GPTQ takes the same (equation 1, section 3, there). They look for the W′ that makes it small; here it is that of any perturbation,
 * drawn until the score is precise (core's `drawUntilPrecise`). A layer with many places has a larger sum, as it has there.
 */
export const localOutputError = defineCriterion({
  name: 'local-output-error',
  version: 1,
  summary: 'Measures how far the perturbation moves what the layer makes of its unperturbed inputs.',
  reference: {
    title:
      'Optimal Brain Compression: A Framework for Accurate Post-Training Quantization and Pruning (Frantar & Alistarh 2022)',
    url: 'https://arxiv.org/abs/2208.11580',
  },
  needs: ['weights', 'activations', 'perturbation'],
  options: z.object({
    examples: z.int().min(1).default(64).describe('calibration examples, at most'),
    positions: z.int().min(1).default(512).describe('places of a layer over all examples, at most but for a few'),
    ...precisionOptions(16),
  }),
  async score(context, { examples, positions, ...precision }) {
    const { layers, examples: all, activations, weights, once } = context
    const errors = await once('output errors', async (rng) => {
      const samples = await samplePatches({ layers, examples: all, activations }, { examples, positions }, rng)
      return outputErrors(layers, samples, weights, errorOver)
    })
    return scoreErrors(context, precision, errors)
  },
})

function errorOver(sample: Sample): OutputError {
  const { wiring, rows } = sample
  const square = wiring.inputs * wiring.taps <= rows ? quadraticForm(sample) : squareOverRows(sample)
  return (moved, original) => {
    let sum = 0
    for (const changed of changedChannels(wiring, moved, original)) sum += square(changed)
    return (wiring.places * sum) / rows
  }
}

/** Σ over rows of the square of what is added to a channel: once the products of the group's inputs are summed, of those alone. */
function quadraticForm({ patches, rows }: Sample): (changed: ChangedChannel) => number {
  const products = patches.map((patch) => summedProducts(patch, rows))
  return ({ group, change }) => {
    const sums = products[group]!
    const width = change.length
    let total = 0
    for (let i = 0; i < width; i++) {
      if (change[i] === 0) continue
      let inner = (sums[i * width + i]! * change[i]!) / 2
      for (let j = 0; j < i; j++) inner += sums[i * width + j]! * change[j]!
      total += 2 * change[i]! * inner
    }
    return total
  }
}

/** XᵀX of rows X, at and below its diagonal. */
function summedProducts(rows: Float32Array, count: number): Float64Array {
  const width = rows.length / count
  const sums = new Float64Array(width * width)
  for (let start = 0; start < rows.length; start += width) {
    for (let i = 0; i < width; i++) {
      const value = rows[start + i]!
      if (value === 0) continue
      for (let j = 0; j <= i; j++) sums[i * width + j]! += value * rows[start + j]!
    }
  }
  return sums
}

function squareOverRows(sample: Sample): (changed: ChangedChannel) => number {
  return (changed) => {
    let sum = 0
    for (let row = 0; row < sample.rows; row++) sum += addedIn(sample, changed, row) ** 2
    return sum
  }
}
