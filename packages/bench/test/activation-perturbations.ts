import { type ActivationPerturbation, definePerturbation, tensor } from '@loadbearing/core'

const about = {
  family: 'noise',
  version: 1,
  reference: { title: 'none', url: 'https://example.org' },
  target: 'activations',
  unit: 'times',
  intensities: [1],
} as const

const scaled = (name: string, factor: number): ActivationPerturbation =>
  definePerturbation({
    ...about,
    name,
    summary: 'Multiplies what a layer makes.',
    stochastic: false,
    apply: ({ shape, data }) =>
      tensor(
        shape,
        data.map((value) => factor * value),
      ),
  })

export default [
  scaled('same', 1),
  scaled('doubled', 2),
  scaled('negated', -1),
  definePerturbation({
    ...about,
    name: 'dropped',
    summary: 'Sets a random half of what a layer makes to zero.',
    stochastic: true,
    apply: ({ shape, data }, _, { rng }) =>
      tensor(
        shape,
        data.map((value) => (rng.uniform() < 0.5 ? 0 : value)),
      ),
  }),
  definePerturbation({
    ...about,
    name: 'clamped',
    summary: 'Holds what a layer makes within half of its calibrated range.',
    stochastic: false,
    apply: ({ shape, data }, _, { range: { low, high } }) =>
      tensor(
        shape,
        data.map((value) => Math.min(high / 2, Math.max(low / 2, value))),
      ),
  }),
]
