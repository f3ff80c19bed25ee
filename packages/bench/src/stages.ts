import type { Grid } from './cells.ts'
import type { Plan } from './plan.ts'

/** What is measured of a model under a perturbation, before or after a pilot has decided: levels, and the first draws and images of each. */
export interface Stage {
  /** Indices into the grid. */
  readonly levels: readonly number[]
  readonly repeats: number
  readonly images: number
}

/** A perturbation as far as stages go. */
interface Measured {
  readonly intensities: readonly number[]
  readonly stochastic: boolean
}

/**
 * The stages of a pair that the plan knows, each of which holds all of the one before it at its levels: the pilot and, once it is decided,
 * what follows; or the one of a fixed plan, or the most that a cell may take.
 */
export function stagesOf(
  { precision }: Pick<Plan, 'precision'>,
  { decision }: Plan['pairs'][number],
  { intensities, stochastic }: Measured,
): Stage[] {
  const levels = [...intensities.keys()]
  const { repeats, images } = precision.kind === 'ceiling' ? precision.pilot : precision
  const ofOneDraw = precision.kind === 'ceiling' ? precision.pilot.imagesOfOneDraw : images
  const first = stochastic ? { levels, repeats, images } : { levels, repeats: 1, images: ofOneDraw }
  return decision ? [first, { levels: decision.live, repeats: decision.repeats, images: decision.images }] : [first]
}

/** What a chunk of images adds. */
export interface Piece {
  /** Index of the stage that it belongs to. */
  readonly stage: number
  readonly grid: Grid
  /** Images of the stage: its last chunk may be shorter than the others. */
  readonly images: number
}

/** The pieces of the stages on one chunk: each point of the grid once. */
export function piecesOn(
  chunk: number,
  chunkSize: number,
  stages: readonly Stage[],
  { intensities }: Measured,
): Piece[] {
  const start = chunk * chunkSize
  const drawn = intensities.map(() => 0)
  return stages.flatMap(({ levels, repeats, images }, stage) => {
    const from = drawn[levels[0] ?? 0]!
    if (images <= start || levels.length === 0 || from >= repeats) return []
    for (const level of levels) drawn[level] = repeats
    const draws = Array.from({ length: repeats - from }, (_, i) => from + i)
    const points = levels.flatMap((level) => draws.map((draw) => [level, draw] as const))
    return [{ stage, grid: { intensities, points }, images }]
  })
}
