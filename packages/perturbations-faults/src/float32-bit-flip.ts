import { definePerturbation } from '@loadbearing/core'
import { flipBits, float32BitsBut30 } from './flips.ts'
import { storedInFloat32 } from './storage.ts'

/**
 * The layer is stored in float32; every bit but 30, the top one of the exponent, flips with probability p,
 * independently.
 *
 * A weight below 2 in magnitude stays below 2, and all weights are as a rule. One of 2 or more has bit 30 set and may
 * become as large as 3 · 10³⁸, infinite or NaN.
 *
 * Source: the fault model of Reagen et al. 2018 (independent flips of stored weight bits at a bit error rate). Bit 30
 * is left out because one flip of it in a small weight outweighs everything else (Hong et al. 2019):
 * float32-any-bit-flip has it.
 */
export const float32BitFlip = definePerturbation({
  name: 'float32-bit-flip',
  family: 'faults',
  version: 1,
  summary:
    "Flips each bit of the weights, stored in float32, with the given probability, except the exponent's top bit.",
  reference: {
    title: 'Ares: A framework for quantifying the resilience of deep neural networks (Reagen et al. 2018)',
    url: 'https://doi.org/10.1145/3195970.3195997',
  },
  target: 'weights',
  unit: 'bit error rate',
  intensities: [0.003, 0.01, 0.03, 0.06, 0.1],
  stochastic: true,
  nonFinite: true,
  apply: (weight, rate, { rng }) => storedInFloat32(weight, (words) => flipBits(words, float32BitsBut30, rate, rng)),
})
