import { definePerturbation } from '@loadbearing/core'
import { successes } from './chance.ts'
import { storedInInt8 } from './storage.ts'

/**
 * The layer is stored in int8 (symmetric, one scale: Δ = max|W| / 127, q = round(W / Δ), two's complement); every one
 * of the 8 bits of every weight is stuck with probability p, independently, and reads 1 whatever was stored; then W′ =
 * Δ · q′.
 *
 * Source: Xia et al. 2019, for stuck-at faults in the memory that holds a network's weights; there a stuck cell fixes a
 * whole weight of a resistive crossbar, here one bit of a stored word.
 */
export const stuckAtOne = definePerturbation({
  name: 'stuck-at-one',
  family: 'faults',
  version: 1,
  summary: 'Makes each bit of the weights, stored in int8, read 1 with the given probability.',
  reference: {
    title:
      'Fault-Tolerant Training Enabled by On-Line Fault Detection for RRAM-Based Neural Computing Systems (Xia et al. 2019)',
    url: 'https://doi.org/10.1109/TCAD.2018.2855145',
  },
  target: 'weights',
  unit: 'rate of stuck bits',
  intensities: [0.03, 0.06, 0.1, 0.2, 0.4],
  stochastic: true,
  apply: (weight, rate, { rng }) =>
    storedInInt8(weight, (words) => {
      for (const place of successes(8 * words.length, rate, rng)) words[Math.floor(place / 8)]! |= 1 << (place % 8)
    }),
})
