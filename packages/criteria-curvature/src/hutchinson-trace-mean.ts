import { defineCriterion, drawUntilPrecise } from '@loadbearing/core'
import { hutchinsonTrace } from './hutchinson-trace.ts'
import { perWeight } from './per-weight.ts'
import { traces } from './traces.ts'

/**
 * s(l) = Tr(H_ll) / n_l, n_l the number of the layer's weights: the mean eigenvalue of its block of the Hessian. All else is as in
 * `hutchinson-trace`, from the same draws; that it is precise is judged by the spread of the means.
 *
 * Source: Dong et al. 2020, whose measure of a layer it is (lemma 1, as others cite it), before the squared error of
 * quantization is multiplied in (hawq-v2).
 */
export const hutchinsonTraceMean = defineCriterion({
  name: 'hutchinson-trace-mean',
  version: 1,
  summary:
    "Estimates the mean eigenvalue of the loss's Hessian with respect to the weights, from products with random signs.",
  reference: hutchinsonTrace.reference,
  needs: ['hessian', 'labels'],
  options: hutchinsonTrace.options,
  score({ layers, signs, hessianProduct }, { examples, ...precision }) {
    return drawUntilPrecise(layers, precision, perWeight(layers, traces({ signs, hessianProduct }, examples)))
  },
})
