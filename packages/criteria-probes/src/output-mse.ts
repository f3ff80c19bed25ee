import { defineCriterion, type Tensor } from '@loadbearing/core'
import { z } from 'zod'
import { budget, sweep } from './sweep.ts'

/**
 * s(l) = mean over calibration examples, draws of the perturbation and classes of (z′_c − z_c)², z and z′ the network's logits
 * without and with layer l perturbed.
 *
 * Source: no paper's, but what toolkits for quantization measure, such as MSE_V2 of Intel Neural Compressor, which scores an operator
 * by its impact on batches of data when it alone is kept from being quantized; here it is of any perturbation, in an otherwise
 * unperturbed network, and of the logits. A shift of all logits, which no prediction notices, counts.
 */
export const outputMse = defineCriterion({
  name: 'output-mse',
  version: 1,
  summary: 'Perturbs the layer and averages the squared change of the logits, on a few images.',
  reference: {
    title: 'Intel Neural Compressor: the tuning strategy MSE_V2',
    url: 'https://intel.github.io/neural-compressor/2.5/autoapi/neural_compressor/strategy/mse_v2/index.html',
  },
  needs: ['logits', 'perturbation', 'perturbedForward'],
  options: z.object(budget),
  score: (context, options) => sweep(context, options, squaredErrors),
})

function squaredErrors(clean: Tensor, moved: Tensor): Float64Array {
  const [examples = 0, classes = 0] = clean.shape
  return Float64Array.from({ length: examples }, (_, example) => {
    let sum = 0
    for (let i = example * classes; i < (example + 1) * classes; i++) sum += (moved.data[i]! - clean.data[i]!) ** 2
    return sum / classes
  })
}
