import { defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { flows } from './flows.ts'

/**
 * s(l) = Σ_w |w · ∂R/∂|w||, over the weights of the layer, R the sum of the logits of the network in which every parameter (weights,
 * biases, what normalizes) is replaced by its magnitude, on an input of ones: what flows through the layer.
 *
 * Source: Tanaka et al. 2020, SynFlow (equation 5, by their repository), with the magnitudes of all stored parameters, that of the
 * product, and the evaluation of normalization as in their code. The magnitude of the product matters where a flow is negative, as
 * behind a difference, a layer normalization or a softmax. They score weights before training and prune in rounds; here the network is
 * trained, scored once, and weights are summed over the layer. They show (theorem 2, by their patent) that this sum is the same for
 * every layer where no flow is negative and nothing is added on the way: what tells the layers of a chain apart are their biases and those behind, in other
 * networks also the ways around them. In `synflow-mean` the number of weights tells them apart. Batch normalization that was folded
 * into a convolution is part of its weights, as it is in the file. No example is seen; where the input is tokens, all are token 1.
 */
export const synflow = defineCriterion({
  name: 'synflow',
  version: 1,
  summary:
    'Sums weight times gradient in the network of magnitudes, on an input of ones: what flows through the layer.',
  reference: {
    title: 'Pruning neural networks without any data by iteratively conserving synaptic flow (Tanaka et al. 2020)',
    url: 'https://arxiv.org/abs/2006.05467',
  },
  needs: ['weights', 'gradients'],
  options: z.object({}),
  score: (context) => flows(context),
})
