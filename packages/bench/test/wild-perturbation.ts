import { definePerturbation } from '@loadbearing/core'

/** Leaves the weights as they are at its first and its last intensity, and makes something else of them in between. */
export default definePerturbation({
  name: 'wild',
  family: 'noise',
  version: 1,
  summary: 'Leaves nothing as it was, or everything.',
  reference: { title: 'none', url: 'https://example.org' },
  target: 'weights',
  unit: 'none',
  intensities: Array.from({ length: 20 }, (_, i) => i),
  stochastic: true,
  apply(weight, intensity) {
    const isKept = intensity === 0 || intensity === 19
    const factor = isKept ? 1 : [-1000, 0, -1e30][intensity % 3]!
    return { ...weight, data: weight.data.map((w) => factor * w) }
  },
})
