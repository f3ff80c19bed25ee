import { definePerturbation } from '@loadbearing/core'
import { checkedCount } from './chance.ts'
import { storedInInt8 } from './storage.ts'

/**
 * The layer is stored in int8 (symmetric, one scale: Δ = max|W| / 127, q = round(W / Δ), two's complement), word after
 * word in row-major order, in each the lowest bit first; n consecutive bits, from a random start that leaves room for
 * all of them, are inverted; then W′ = Δ · q′. Where the layer has no more than n bits, all are.
 *
 * A word that is inverted whole reads −q − 1: inside the burst, weights change their sign.
 *
 * Source: Sridharan et al. 2015, who find in the field that one fault often spoils many bits of a row or a bank at
 * once; that they are neighbours in a row-major layout, and all invert, is the simplest such model and ours.
 */
export const burstFlip = definePerturbation({
  name: 'burst-flip',
  family: 'faults',
  version: 1,
  summary: 'Inverts n consecutive bits of the weights, stored in int8.',
  reference: {
    title: 'Memory Errors in Modern Systems: The Good, The Bad, and The Ugly (Sridharan et al. 2015)',
    url: 'https://doi.org/10.1145/2694344.2694348',
  },
  target: 'weights',
  unit: 'bits',
  intensities: [256, 512, 1024, 1536, 2048],
  stochastic: true,
  apply: (weight, length, { rng }) =>
    storedInInt8(weight, (words) => {
      const bits = 8 * words.length
      const inverted = checkedCount(length, bits)
      const start = rng.integer(bits - inverted + 1)
      for (let place = start; place < start + inverted; place++) words[Math.floor(place / 8)]! ^= 1 << (place % 8)
    }),
})
