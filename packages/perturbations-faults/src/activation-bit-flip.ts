import { definePerturbation } from '@loadbearing/core'
import { flipBits, int8Bits } from './flips.ts'
import { storedInInt8 } from './storage.ts'

/**
 * What the layer makes is stored in int8 (symmetric, one scale from calibration: Δ = max(|low|, |high|) / 127, q =
 * clamp(round(a / Δ), −127, 127), two's complement); every one of the 8 bits of every value flips with probability p,
 * independently and anew for every example; then a′ = Δ · q′. A word can read −128.
 *
 * Source: Reagen et al. 2018 (independent flips of stored bits at a bit error rate, in activations as in weights); Li
 * et al. 2017 for upsets of what an accelerator buffers between layers.
 */
export const activationBitFlip = definePerturbation({
  name: 'activation-bit-flip',
  family: 'faults',
  version: 1,
  summary:
    'Flips each bit of what the layer makes, stored in int8, with the given probability, anew for every example.',
  reference: {
    title: 'Ares: A framework for quantifying the resilience of deep neural networks (Reagen et al. 2018)',
    url: 'https://doi.org/10.1145/3195970.3195997',
  },
  target: 'activations',
  unit: 'bit error rate',
  intensities: [0.003, 0.01, 0.03, 0.06, 0.1],
  stochastic: true,
  apply: (activation, rate, { rng, range }) =>
    storedInInt8(
      activation,
      (words) => flipBits(words, int8Bits, rate, rng),
      Math.max(Math.abs(range.low), Math.abs(range.high)),
    ),
})
