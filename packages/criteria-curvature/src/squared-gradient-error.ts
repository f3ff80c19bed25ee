import { defineCriterion, precisionOptions } from '@loadbearing/core'
import { z } from 'zod'
import { addedIn, changedChannels } from './output-change.ts'
import { type OutputError, outputErrors, scoreErrors } from './output-errors.ts'
import { type Sample, samplePatches } from './sampled-patches.ts'

/**
 * s(l) = (1/N) Σ_n Σ_i (∂L_n/∂y_ni)² (y′_ni − y_ni)², over the first N calibration examples and all values y_n that the layer makes of one,
 * before any activation function, y′_n what it makes of the same inputs with its weights under the perturbation that is being predicted,
 * L_n the cross-entropy of example n's true class: twice what the loss would rise by, to second order, with the diagonal of the empirical
 * Fisher information of what is made in place of the Hessian.
 *
 * The values are those at all places of all examples where those are no more than `positions`, else at that many at random, whose
 * error is no part of the standard error; they are sampled once a model, and what a perturbation adds to them is a sum over the layer's inputs there: no network is run. Of a weight with
 * several consuming nodes it is the output of the first. A layer that makes something else than a weighted sum and a constant has no score,
 * nor has one with a constant of which but a single place of a single example is looked at: nothing there tells these apart.
 *
 * Source: the score by gradients of AutoQuantize in NVIDIA's TensorRT Model Optimizer, in the form that its code has
 * (modelopt/torch/quantization/algorithms.py). They run the quantized layer on all of a batch, add up batches, and take gradients of a
 * batch's loss as it is given; here every example's gradient is of its own loss. They make a format of fewer bits score no lower than one
 * of more; here levels are scored for themselves, and the perturbation is any, drawn until the score is precise (core's
 * `drawUntilPrecise`).
 */
export const squaredGradientError = defineCriterion({
  name: 'squared-gradient-error',
  version: 1,
  summary: "Sums the squared changes of what the layer makes, each times the loss's squared gradient there.",
  reference: {
    title: 'TensorRT Model Optimizer: AutoQuantize (NVIDIA 2024)',
    url: 'https://github.com/NVIDIA/TensorRT-Model-Optimizer',
  },
  needs: ['weights', 'activations', 'gradients', 'labels', 'perturbation'],
  options: z.object({
    examples: z.int().min(1).default(64).describe('calibration examples, at most'),
    positions: z.int().min(1).default(256).describe('places of a layer over all examples, at most but for a few'),
    ...precisionOptions(16),
  }),
  async score(context, { examples, positions, ...precision }) {
    const { layers, weights, once } = context
    const errors = await once('output errors', async (rng) => {
      const samples = await samplePatches(context, { examples, positions }, rng)
      return outputErrors(layers, samples, weights, errorOver)
    })
    return scoreErrors(context, precision, errors)
  },
})

function errorOver(sample: Sample): OutputError {
  const { wiring, rows, gradients } = sample
  const channels = gradients.length / rows
  return (moved, original) => {
    let sum = 0
    for (const changed of changedChannels(wiring, moved, original)) {
      for (let row = 0; row < rows; row++) {
        const gradient = gradients[row * channels + changed.channel]!
        if (gradient !== 0) sum += (gradient * addedIn(sample, changed, row)) ** 2
      }
    }
    return (wiring.places * sum) / rows
  }
}
