import type { Score } from './criterion.ts'

/** The mean of independent draws, with its standard error; of a single draw there is none to tell. */
export function meanOfDraws(draws: readonly number[]): Score {
  const value = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
  if (draws.length < 2) return { value }
  const variance = draws.reduce((sum, draw) => sum + (draw - value) ** 2, 0) / (draws.length - 1)
  return { value, standardError: Math.sqrt(variance / draws.length) }
}
