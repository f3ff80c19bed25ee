import { definePerturbation } from '@loadbearing/core'
import { successes } from './chance.ts'
import { storedInInt8 } from './storage.ts'

/**
 * The layer is stored in int8 (symmetric, one scale: Δ = max|W| / 127, q = round(W / Δ), two's complement); in every
 * word, with probability p and independently, two different bits, each pair as likely, exchange their places; then W′ =
 * Δ · q′. Equal bits change nothing; the number of ones in a word stays.
 *
 * Source: the storage and the rate are those of Reagen et al. 2018; that bits are exchanged instead of flipped is ours.
 */
export const bitSwap = definePerturbation({
  name: 'bit-swap',
  family: 'faults',
  version: 1,
  summary: 'Exchanges two bits of a weight, stored in int8, with the given probability.',
  reference: {
    title: 'Ares: A framework for quantifying the resilience of deep neural networks (Reagen et al. 2018)',
    url: 'https://doi.org/10.1145/3195970.3195997',
  },
  target: 'weights',
  unit: 'rate of swaps a weight',
  intensities: [0.1, 0.2, 0.4, 0.7, 1],
  stochastic: true,
  apply: (weight, rate, { rng }) =>
    storedInInt8(weight, (words) => {
      for (const place of successes(words.length, rate, rng)) {
        const word = words[place]!
        const bit = rng.integer(8)
        const other = (bit + 1 + rng.integer(7)) % 8
        if (((word >> bit) & 1) !== ((word >> other) & 1)) words[place] = word ^ (1 << bit) ^ (1 << other)
      }
    }),
})
