import { coefficientsFor } from '@loadbearing/criteria-ensembles/features'
import { listZoo } from '@loadbearing/zoo'
import { describe, expect, it } from 'vitest'
import { untouched } from '../learned/coefficients.ts'

describe('the shipped coefficients', () => {
  it('score every network of the zoo by what was learnt without its architecture family, and without the untouched one', async () => {
    const zoo = await listZoo()
    for (const { family, sha256 } of zoo) {
      const { withheld, scores, learntFrom } = coefficientsFor(sha256)
      expect(withheld).toBe(family)
      expect(scores).toContain(sha256)
      const teachers = zoo.filter((card) => learntFrom.includes(card.sha256))
      expect(teachers.length).toBe(learntFrom.length)
      expect(teachers.length).toBeGreaterThan(0)
      expect(teachers.map((card) => card.family)).not.toContain(family)
      expect(teachers.map((card) => card.family)).not.toContain(untouched)
    }
  })
})
