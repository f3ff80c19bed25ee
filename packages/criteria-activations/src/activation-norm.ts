import { byLayer, defineCriterion, sizeOf, type Tensor } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = mean over calibration examples of ‖y‖₂ / √m, y the m values that the layer puts out (before any activation
 * function): their root mean square, so that a layer does not win by the size of its output.
 *
 * Source: the mean activation of Molchanov et al. 2017 (their criterion "Activation", section 2.2 of an early version), of a
 * feature map there; here of a layer, and root mean square instead of the mean, because outputs before the activation function
 * have both signs.
 */
export const activationNorm = defineCriterion({
  name: 'activation-norm',
  version: 1,
  summary: 'Averages the root mean square of what the layer puts out.',
  reference: {
    title: 'Pruning Convolutional Neural Networks for Resource Efficient Inference (Molchanov et al. 2017)',
    url: 'https://arxiv.org/abs/1611.06440',
  },
  needs: ['activations'],
  options: z.object({}),
  async score({ layers, examples, activations }) {
    const totals = new Map(layers.map((layer) => [layer.name, 0]))
    for await (const batch of activations()) {
      for (const [name, total] of totals) totals.set(name, total + sumOfNorms(batch.get(name)!.output))
    }
    return byLayer(layers, (layer) => totals.get(layer.name)! / examples)
  },
})

/** Σ over the examples of a batch of the root mean square of their values. */
function sumOfNorms({ shape, data }: Tensor): number {
  const size = sizeOf(shape.slice(1))
  let sum = 0
  for (let start = 0; start < data.length; start += size) {
    let squares = 0
    for (let i = start; i < start + size; i++) squares += data[i]! ** 2
    sum += Math.sqrt(squares / size)
  }
  return sum
}
