import { definePerturbation } from '@loadbearing/core'
import { flipBits, float32Bits } from './flips.ts'
import { storedInFloat32 } from './storage.ts'

/**
 * The layer is stored in float32; every one of the 32 bits of every weight flips with probability p, independently.
 *
 * A flip of bit 30, the top one of the exponent, multiplies a weight below 2 by 2¹²⁸, about 3 · 10³⁸; so what counts is
 * whether one of them flips, which is a matter of the number of weights. Results may be infinite or NaN.
 *
 * Source: the fault model of Reagen et al. 2018 (independent flips of stored weight bits at a bit error rate); Hong et
 * al. 2019 flip single bits of float32 networks and find those of the exponent to be the ones that ruin them.
 */
export const float32AnyBitFlip = definePerturbation({
  name: 'float32-any-bit-flip',
  family: 'faults',
  version: 1,
  summary:
    "Flips each bit of the weights, stored in float32, with the given probability, the exponent's top bit included.",
  reference: {
    title:
      'Terminal Brain Damage: Exposing the Graceless Degradation in Deep Neural Networks Under Hardware Fault Attacks (Hong et al. 2019)',
    url: 'https://arxiv.org/abs/1906.01017',
  },
  target: 'weights',
  unit: 'bit error rate',
  intensities: [0.00001, 0.00003, 0.0001, 0.0003, 0.0006],
  stochastic: true,
  nonFinite: true,
  apply: (weight, rate, { rng }) => storedInFloat32(weight, (words) => flipBits(words, float32Bits, rate, rng)),
})
