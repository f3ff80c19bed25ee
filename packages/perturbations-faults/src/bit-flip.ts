import { definePerturbation } from '@loadbearing/core'
import { storedInInt8 } from './storage.ts'

/**
 * The layer is stored in int8 (symmetric, one scale: Δ = max|W| / 127, q = round(W / Δ), two's complement); every one
 * of the 8 bits of every weight flips with probability p, independently; then W′ = Δ · q′. Weights without a flip are
 * the quantized ones too: at p = 0 the layer is what an int8 memory would return. A word can read −128.
 *
 * Source: the fault model of Reagen et al. 2018 (independent flips of stored weight bits at a bit error rate), applied
 * to one layer at a time.
 */
export const bitFlip = definePerturbation({
  name: 'bit-flip',
  family: 'faults',
  version: 1,
  summary: 'Flips each bit of the weights, stored in int8, with the given probability.',
  reference: {
    title: 'Ares: A framework for quantifying the resilience of deep neural networks (Reagen et al. 2018)',
    url: 'https://doi.org/10.1145/3195970.3195997',
  },
  target: 'weights',
  unit: 'bit error rate',
  intensities: [0.01, 0.03, 0.06, 0.1, 0.2],
  stochastic: true,
  apply(weight, rate, { rng }) {
    if (!(rate >= 0 && rate <= 1)) throw new RangeError('the intensity is a probability from 0 to 1')
    return storedInInt8(weight, (words) => {
      words.forEach((word, place) => {
        let mask = 0
        for (let bit = 0; bit < 8; bit++) if (rng.uniform() < rate) mask |= 1 << bit
        words[place] = word ^ mask
      })
    })
  },
})
