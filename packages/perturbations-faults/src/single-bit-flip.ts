import { definePerturbation } from '@loadbearing/core'
import { distinct } from './chance.ts'
import { storedInInt8 } from './storage.ts'

/**
 * The layer is stored in int8 (symmetric, one scale: Δ = max|W| / 127, q = round(W / Δ), two's complement); exactly n
 * of its bits, at different places drawn at random, flip; then W′ = Δ · q′. Where it has no more than n, all do.
 *
 * At n = 1 the mean over repeats estimates what one upset in the layer's memory costs. Unlike a rate, a count is the
 * same whatever the layer's size.
 *
 * Source: Li et al. 2017, who inject a single bit flip a run into buffers and data paths; here it is in a stored
 * weight, and counts above one are ours.
 */
export const singleBitFlip = definePerturbation({
  name: 'single-bit-flip',
  family: 'faults',
  version: 1,
  summary: 'Flips exactly n bits of the weights, stored in int8, at random places.',
  reference: {
    title:
      'Understanding Error Propagation in Deep Learning Neural Network (DNN) Accelerators and Applications (Li et al. 2017)',
    url: 'https://doi.org/10.1145/3126908.3126964',
  },
  target: 'weights',
  unit: 'bits',
  intensities: [1, 64, 256, 512, 1024, 2048],
  stochastic: true,
  apply: (weight, flips, { rng }) =>
    storedInInt8(weight, (words) => {
      for (const place of distinct(flips, 8 * words.length, rng)) words[Math.floor(place / 8)]! ^= 1 << (place % 8)
    }),
})
