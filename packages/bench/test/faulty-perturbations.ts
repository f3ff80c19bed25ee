import { definePerturbation, type WeightPerturbation } from '@loadbearing/core'

const faulty = (name: string, apply: WeightPerturbation['apply']): WeightPerturbation =>
  definePerturbation({
    name,
    family: 'noise',
    version: 1,
    summary: 'Breaks its contract.',
    reference: { title: 'none', url: 'https://example.org' },
    target: 'weights',
    unit: 'none',
    intensities: [1],
    stochastic: false,
    apply,
  })

export default [
  faulty('throws', () => {
    throw new Error('out of paper')
  }),
  faulty('gives-nan', (weight) => ({ ...weight, data: weight.data.map(() => NaN) })),
  faulty('changes-its-input', (weight) => {
    weight.data.fill(0)
    return { ...weight, data: weight.data.slice() }
  }),
  faulty('loses-a-value', (weight) => ({ shape: [weight.data.length - 1], data: weight.data.slice(1) })),
  faulty('doubles', (weight) => ({ ...weight, data: weight.data.map((w) => 2 * w) })),
]
