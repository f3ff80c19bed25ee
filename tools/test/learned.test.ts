import { rngFrom } from '@loadbearing/core'
import { truthKinds } from '@loadbearing/ranking'
import { describe, expect, it } from 'vitest'
import { type Case, type Column, columns, weightsOf } from '../learned/cases.ts'
import { setsOf, untouched } from '../learned/coefficients.ts'
import { fit, learn, leaveOneFamilyOut, predict } from '../learned/learning.ts'

const rng = rngFrom('learned.test')
const layers = 30

/** A case whose truth is twice the ranks by `fisher` less those by `depth`, unless it is turned. */
function caseOf(family: string, { turned = false, kind = truthKinds[0]!, model = family } = {}): Case {
  const ranks = new Map(
    columns.map((column): [Column, number[]] => [
      column,
      rng.shuffle(Array.from({ length: layers }, (_, i) => (i + 0.5) / layers - 0.5)),
    ]),
  )
  const truth = ranks.get('fisher')!.map((rank, l) => (turned ? -1 : 1) * (2 * rank - ranks.get('depth')![l]!))
  return { kind, model, family, perturbation: 'any', group: 'any', truth, ceiling: 1, counts: true, ranks }
}

const planted = ['a', 'b', 'c', 'd'].flatMap((family) => truthKinds.map((kind) => caseOf(family, { kind })))

describe('learning', () => {
  it('finds the weights that a truth was made with, but for their scale', () => {
    const weights = fit(planted, ['fisher', 'depth', 'flips'], 1e-6)
    expect(weights.get('fisher')! / weights.get('depth')!).toBeCloseTo(-2, 0)
    expect(Math.abs(weights.get('flips')!)).toBeLessThan(0.1)
  })

  it('is the ratio of means where there is one column: of ranks ±¼ that agree, 1, and less with a penalty', () => {
    const two = { ...caseOf('a'), truth: [1, 5], ranks: new Map(columns.map((column) => [column, [-0.25, 0.25]])) }
    expect(fit([two], ['fit'], 0).get('fit')).toBeCloseTo(1, 12)
    // The case weighs half, as one of two kinds of truth: ½ · 1/16 over ½ · 1/16 + 1 · 1/12.
    expect(fit([two], ['fit'], 1).get('fit')).toBeCloseTo(1 / 32 / (1 / 32 + 1 / 12), 12)
  })

  it('predicts the weighted sum of ranks, and nothing of a layer without one', () => {
    const some = { truth: [1, 2], ranks: new Map(columns.map((column) => [column, [0.5, null]])) }
    expect(
      predict(
        some,
        new Map([
          ['fit', 2],
          ['flips', -1],
        ]),
      ),
    ).toEqual([0.5, null])
  })

  it('never shows a family to what it is scored by', () => {
    leaveOneFamilyOut(planted, (others) => {
      expect(new Set(others.map(({ family }) => family)).size).toBe(3)
      return new Map([['fit', 1]])
    })
    // One family's truth is the other way round: what was learnt from the others is wrong about it.
    const odd = [...planted, caseOf('odd', { turned: true })]
    const said = leaveOneFamilyOut(odd, (others) => learn(others, ['fisher', 'depth']).weights)
    const last = odd.at(-1)!
    const agree = said.get(last)!.reduce<number>((sum, value, l) => sum + value! * last.truth[l]!, 0)
    expect(agree).toBeLessThan(0)
  })

  it('weighs kinds of truth, and families, alike however many cases they have', () => {
    const cases = [
      caseOf('a', { model: 'a1' }),
      caseOf('a', { model: 'a2' }),
      caseOf('b'),
      caseOf('b', { kind: truthKinds[1] }),
    ]
    expect(weightsOf(cases)).toEqual([1 / 8, 1 / 8, 1 / 4, 1 / 2])
  })
})

describe('the sets of coefficients', () => {
  const zoo = ['a', 'b', 'c', 'd', untouched].map((family) => ({ name: family, family, sha256: `sha of ${family}` }))

  it('are learnt without their own family and the untouched one, which takes part in that of all alone', () => {
    const sets = setsOf([...planted, caseOf(untouched)], zoo)
    expect(sets.map(({ withheld }) => withheld)).toEqual(['a', 'b', 'c', 'd', untouched, null])
    expect(sets[0]).toMatchObject({ scores: ['sha of a'], learntFrom: ['sha of b', 'sha of c', 'sha of d'] })
    expect(sets[4]!.learntFrom).toEqual(['a', 'b', 'c', 'd'].map((family) => `sha of ${family}`))
    expect(sets[5]).toMatchObject({ scores: [], learntFrom: zoo.map(({ sha256 }) => sha256) })
  })

  it('do not change with what is measured of the family that they are withheld from', () => {
    const other = planted.map((each) => (each.family === 'a' ? caseOf('a', { turned: true, kind: each.kind }) : each))
    const [before, after] = [setsOf(planted, zoo), setsOf(other, zoo)]
    expect(after[0]).toEqual(before[0])
    expect(after[1]).not.toEqual(before[1])
  })
})
