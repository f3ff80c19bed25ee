import { expect, it } from 'vitest'
import { meanOfDraws } from './mean-of-draws.ts'

it('is the mean of the draws, its error that of a mean: of 1, 3 and 5 the root of 4 / 3', () => {
  expect(meanOfDraws([1, 3, 5])).toEqual({ value: 3, standardError: Math.sqrt(4 / 3) })
})

it('tells no error of a single draw', () => {
  expect(meanOfDraws([7])).toEqual({ value: 7 })
})
