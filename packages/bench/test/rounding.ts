import { definePerturbation, tensor } from '@loadbearing/core'

/** What the reference implementations of perturbation-aware criteria predict. */
export const rounding = definePerturbation({
  name: 'rounding',
  family: 'quantization',
  version: 1,
  summary: 'Rounds to whole multiples of a share of the largest magnitude.',
  reference: { title: 'Loadbearing', url: 'https://example.com/' },
  target: 'weights',
  unit: 'steps',
  intensities: [31, 15, 7, 3, 1],
  stochastic: false,
  apply: ({ shape, data }, steps) => {
    const step = data.reduce((max, w) => Math.max(max, Math.abs(w)), 0) / steps
    return tensor(
      shape,
      data.map((w) => Math.floor(w / step + 0.5) * step),
    )
  },
})
