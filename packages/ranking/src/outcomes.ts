import { InputError } from '@loadbearing/core'

/** What the ranking correlates with: the accuracy drop (a fraction) or the bounded KL, each a mean over images. */
export type TruthKind = 'accuracy-drop' | 'bounded-kl'

export const truthKinds: readonly TruthKind[] = ['accuracy-drop', 'bounded-kl']

/** What was measured at one intensity: every layer under so many draws, each on the same first images. */
export interface LevelSize {
  readonly repeats: number
  readonly images: number
}

/** Every measured outcome of one task: a model × a perturbation, per layer, level, repeat and image. */
export interface TaskOutcomes {
  readonly layers: number
  /** How much was measured at each intensity of the grid; a pilot measures more of the levels that it finds live. */
  readonly levels: readonly LevelSize[]
  /** The live levels as a pilot fixed them, as indices into the grid; where left out, these outcomes decide. */
  readonly live?: readonly number[]
  /** Output classes of the model; 1 / classes is chance. */
  readonly classes: number
  /** Accuracy of the unperturbed model on these images, a fraction. */
  readonly cleanAccuracy: number
  /** Whether repeats are different draws. A stochastic perturbation measured once has no noise ceiling. */
  readonly stochastic: boolean
  /** Clean correct − perturbed correct of every image of the level: −1, 0 or 1. Undefined where the cell was not measured. */
  loss(layer: number, level: number, repeat: number): ArrayLike<number> | undefined
  /** Bounded KL of every image of the level, within [0, 1]. Undefined where the cell was not measured. */
  boundedKl(layer: number, level: number, repeat: number): ArrayLike<number> | undefined
}

/**
 * One kind of outcome over the pooled levels of the layers that were measured at all of them.
 * `values[(((row × levels) + level) × repeats + repeat) × images + image]`, a row a measured layer.
 */
export interface PooledOutcomes {
  /** The layer of every row. */
  readonly layers: readonly number[]
  readonly levels: number
  readonly repeats: number
  readonly images: number
  readonly values: Float32Array
}

/**
 * Gathers the outcomes of some levels, as many draws and images as all of them have. A layer of which a cell is missing is left out:
 * its mean over fewer levels would not compare with the others'.
 *
 * @param levels indices into the grid
 * @throws InputError where a cell holds another number of images, or a value that is not finite
 */
export function poolOutcomes(outcomes: TaskOutcomes, levels: readonly number[], kind: TruthKind): PooledOutcomes {
  const sizes = levels.map((level) => outcomes.levels[level]!)
  const repeats = levels.length === 0 ? 0 : Math.min(...sizes.map((size) => size.repeats))
  const images = levels.length === 0 ? 0 : Math.min(...sizes.map((size) => size.images))
  const read = kind === 'accuracy-drop' ? outcomes.loss.bind(outcomes) : outcomes.boundedKl.bind(outcomes)
  const cells = (layer: number): (ArrayLike<number> | undefined)[] =>
    levels.flatMap((level) => Array.from({ length: repeats }, (_, repeat) => read(layer, level, repeat)))
  const measured = Array.from({ length: outcomes.layers }, (_, layer) => ({ layer, cells: cells(layer) })).filter(
    (row) => levels.length > 0 && row.cells.every((cell) => cell !== undefined),
  )
  const values = new Float32Array(measured.length * levels.length * repeats * images)
  measured.forEach(({ layer, cells }, row) =>
    cells.forEach((cell, index) => {
      const expected = sizes[Math.floor(index / repeats)]!.images
      if (cell?.length !== expected || !Array.prototype.every.call(cell, Number.isFinite)) {
        throw new InputError(`The ${kind} outcomes of layer ${layer} are not ${expected} finite numbers.`, {
          hint: 'Measure the cell again, or say that it was not measured.',
        })
      }
      const offset = (row * cells.length + index) * images
      for (let image = 0; image < images; image++) values[offset + image] = cell[image]!
    }),
  )
  return { layers: measured.map(({ layer }) => layer), levels: levels.length, repeats, images, values }
}

/** The mean of every row over levels, repeats and images, in the order of `pooled.layers`. Exact for accuracy drops. */
export function rowMeans({ layers, levels, repeats, images, values }: PooledOutcomes): number[] {
  const size = levels * repeats * images
  return layers.map((_, row) => {
    let total = 0
    for (let i = row * size; i < (row + 1) * size; i++) total += values[i]!
    return total / size
  })
}
