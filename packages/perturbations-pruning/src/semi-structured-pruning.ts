import { definePerturbation, tensor } from '@loadbearing/core'
import { filtersOf } from './channels.ts'

/**
 * Of every M consecutive weights of a filter the 2 of largest magnitude stay, the others become 0; among equal magnitudes those that
 * stand first go. A last, shorter block keeps 2 as well, or the one it has.
 *
 * Consecutive is what a matrix multiplication on channels-last data makes of a filter: input channel by input channel (of the
 * filter's group), then the next kernel position. Where M divides the input channels, a block lies at one kernel position, along
 * the input axis; otherwise blocks run on into the next position (all nine weights of a depthwise 3 × 3 filter are two
 * blocks and a rest of one at M = 4).
 *
 * Source: Mishra et al. 2021 for 2:4, which NVIDIA's sparse tensor cores multiply at twice the speed; they train the network
 * again, which is left out. Larger M are ours, so that there is a grid.
 */
export const semiStructuredPruning = definePerturbation({
  name: 'semi-structured-pruning',
  family: 'pruning',
  version: 1,
  summary: 'Keeps the two largest of every M consecutive weights of a filter and sets the others to zero.',
  reference: {
    title: 'Accelerating Sparse Deep Neural Networks (Mishra et al. 2021)',
    url: 'https://arxiv.org/abs/2104.08378',
  },
  target: 'weights',
  unit: 'M of 2:M',
  intensities: [4, 8, 16, 32, 64],
  stochastic: false,
  apply({ shape, data }, blockSize, { layer }) {
    if (!(Number.isInteger(blockSize) && blockSize >= 2))
      throw new RangeError('the intensity is the number of weights in a block: an integer, at least 2')
    const magnitudes = data.map(Math.abs)
    const pruned = new Float32Array(data.length)
    for (const filter of filtersOf(layer)) {
      for (let start = 0; start < filter.length; start += blockSize) {
        const end = Math.min(start + blockSize, filter.length)
        let largest = filter[start]!
        let second: number | undefined
        for (let next = start + 1; next < end; next++) {
          const place = filter[next]!
          if (magnitudes[place]! >= magnitudes[largest]!) [largest, second] = [place, largest]
          else if (second === undefined || magnitudes[place]! >= magnitudes[second]!) second = place
        }
        pruned[largest] = data[largest]!
        if (second !== undefined) pruned[second] = data[second]!
      }
    }
    return tensor(shape, pruned)
  },
})
