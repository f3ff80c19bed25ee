import { definePerturbation } from '@loadbearing/core'
import { flipBits, float16BitsBut14 } from './flips.ts'
import { storedInFloat16 } from './storage.ts'

/**
 * The layer is stored in float16, rounded to the nearest, ties to even (from 65520 on, infinite); every bit but 14, the
 * top one of the exponent, flips with probability p, independently. At p = 0 the layer is what a float16 memory would
 * return.
 *
 * A weight below 2 in magnitude stays below 2, and all weights are as a rule. One of 2 or more has bit 14 set and may
 * become as large as 65504, infinite or NaN.
 *
 * Source: the fault model of Reagen et al. 2018 (independent flips of stored weight bits at a bit error rate), on
 * another format. Bit 14 is left out because one flip of it multiplies a weight below 2 by 65536 and outweighs
 * everything else, so that only the number of weights would be measured; float32-any-bit-flip does that already.
 */
export const float16BitFlip = definePerturbation({
  name: 'float16-bit-flip',
  family: 'faults',
  version: 1,
  summary:
    "Flips each bit of the weights, stored in float16, with the given probability, except the exponent's top bit.",
  reference: {
    title: 'Ares: A framework for quantifying the resilience of deep neural networks (Reagen et al. 2018)',
    url: 'https://doi.org/10.1145/3195970.3195997',
  },
  target: 'weights',
  unit: 'bit error rate',
  intensities: [0.003, 0.01, 0.03, 0.06, 0.1],
  stochastic: true,
  nonFinite: true,
  apply: (weight, rate, { rng }) => storedInFloat16(weight, (words) => flipBits(words, float16BitsBut14, rate, rng)),
})
