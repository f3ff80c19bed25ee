import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import { type PairedInterval, pairedInterval, stoppingAllowance } from './paired-interval.ts'
import { criticalT } from './student-t.ts'

/** What one pass of the unperturbed network tells of images, in the order in which cells are measured on them. */
export interface KnownImages {
  /** The true class of each. */
  readonly labels: Int32Array
  /** By how much the logit of the true class exceeds the largest other one: negative where the network is wrong. */
  readonly margins: Float32Array
}

/** One cell, on more and more of the known images. */
export interface RegressedCell {
  /** Takes up the next images: 1 where one is lost by the perturbation, −1 where one is gained, 0 elsewhere. */
  readonly add: (losses: Int8Array) => void
  /** The accuracy drop on the whole test set, as far as the images so far tell. @throws RangeError when there are more than are known */
  readonly interval: () => PairedInterval
}

/** Groups of as many images each, by their margins. */
const groups = 16

/** Images a coefficient, below which a regression is left alone. */
const imagesEach = 10

/**
 * The accuracy drop of cells of one network on a test set of which some images were measured, in a random order. Which images turn wrong
 * depends on what is known of all of them beforehand: a perturbation pushes answers towards some classes, and those that were sure stay.
 *
 * The regression estimator of Cochran 1977, chapter 7, for several variables (Särndal, Swensson & Wretman 1992, section 6.4): losses are
 * regressed on the true class and on the group of the margin, and the mean prediction over all known images takes the place of the mean
 * loss over those that were measured. The variance is that of the residuals; where only a part of the test set is known, that of the
 * losses between that part and the whole is added (double sampling, Cochran 12.7). As in {@link pairedInterval}, one pseudo-image lost and
 * one gained are among the residuals, and where all images were measured nothing is left to know.
 *
 * The classes take part from 10 images a coefficient on, so do the margins; before, the interval is that of `pairedInterval`. It may be
 * looked at after every chunk until it is narrow, as that may: coverage and bias are simulated in regression-interval.test.ts.
 *
 * @param known the first images of the order: all that may be measured
 * @param population images of the whole test set
 * @param allowance by how much wider the intervals are: 1 where each is looked at once
 */
export function openRegression(
  { labels, margins }: KnownImages,
  population: number,
  allowance = stoppingAllowance,
): { cell: () => RegressedCell } {
  const classes = labels.reduce((most, label) => Math.max(most, label + 1), 0)
  const group = groupsOf(margins)
  const designs = [designOf([...labels], classes, group), designOf([], 0, group)].map((design) => ({
    ...design,
    solved: new Map<number, Solved | undefined>(),
  }))

  /** The same for every cell that has seen as many images. */
  const solvedOn = (images: number, { solved, ...design }: (typeof designs)[number]): Solved | undefined => {
    if (!solved.has(images)) solved.set(images, solve(design, images))
    return solved.get(images)
  }

  const cell = (): RegressedCell => {
    const sums = designs.map(({ width }) => new Float64Array(width))
    const counts = { lost: 0, gained: 0, images: 0 }
    return {
      add(losses) {
        if (counts.images + losses.length > labels.length) throw new RangeError('There are more images than are known.')
        for (const [i, loss] of losses.entries()) {
          if (loss === 0) continue
          if (loss > 0) counts.lost++
          else counts.gained++
          for (const [which, { columns }] of designs.entries()) {
            for (const column of columns(counts.images + i)) sums[which]![column]! += loss
          }
        }
        counts.images += losses.length
      },
      interval() {
        const { lost, gained, images } = counts
        for (const [which, design] of designs.entries()) {
          if (images >= population || images < imagesEach * design.width) continue
          const solved = solvedOn(images, design)
          if (!solved) continue
          const own = sums[which]!
          const coefficients = solved.inverse.mmul(Matrix.columnVector(own)).to1DArray()
          const residual = Math.max(0, lost + gained - dot(coefficients, own)) + 2
          const freedom = images + 2 - design.width
          const mean = (lost - gained) / images
          const variance =
            (residual / freedom) * solved.leverage +
            ((lost + gained) / images - mean ** 2) * (1 / labels.length - 1 / population)
          const value = dot(coefficients, solved.means)
          const centre = (value * images) / (images + 2)
          const margin = allowance * criticalT(freedom - 1) * Math.sqrt(variance)
          return {
            value,
            low: Math.max(-1, Math.min(value, centre - margin)),
            high: Math.min(1, Math.max(value, centre + margin)),
          }
        }
        return pairedInterval(counts, population, allowance)
      },
    }
  }
  return { cell }
}

/** Variables that are 1 in their columns and 0 elsewhere. */
interface Design {
  readonly width: number
  readonly images: number
  /** The columns of an image. */
  readonly columns: (image: number) => readonly number[]
}

/** One column a class, or one for all; and one a group but the first. */
function designOf(labels: readonly number[], classes: number, group: Uint8Array): Design {
  const first = Math.max(1, classes)
  const columns = Array.from(group, (its, image) => {
    const own = labels[image] ?? 0
    return its === 0 ? [own] : [own, first + its - 1]
  })
  return { width: first + groups - 1, images: group.length, columns: (image) => columns[image]! }
}

interface Solved {
  readonly inverse: Matrix
  /** Mean of every variable over all known images. */
  readonly means: Float64Array
  /** The variance of the mean prediction over all known images, with a residual variance of 1: of those that are not measured yet. */
  readonly leverage: number
}

/** Undefined where a class or a group has no image yet. */
function solve({ width, images: known, columns }: Design, images: number): Solved | undefined {
  const products = Matrix.zeros(width, width)
  const means = new Float64Array(width)
  for (let image = 0; image < known; image++) {
    for (const a of columns(image)) {
      means[a]! += 1 / known
      if (image >= images) continue
      for (const b of columns(image)) products.set(a, b, products.get(a, b) + 1)
    }
  }
  const used = Array.from(means.keys()).filter((column) => means[column]! > 0)
  if (used.some((column) => products.get(column, column) === 0)) return undefined
  // A class that no image is of.
  for (const column of means.keys()) if (means[column] === 0) products.set(column, column, 1)
  const decomposition = new CholeskyDecomposition(products)
  if (!decomposition.isPositiveDefinite()) return undefined
  const inverse = decomposition.solve(Matrix.eye(width))
  const leverage = dot(means, inverse.mmul(Matrix.columnVector(means)).to1DArray()) - 1 / known
  return { inverse, means, leverage: Math.max(0, leverage) }
}

/** Which of the groups every image falls into, those of the least margin first; among equals, the earlier image. */
function groupsOf(margins: Float32Array): Uint8Array {
  const group = new Uint8Array(margins.length)
  const order = Array.from(margins.keys()).sort((a, b) => margins[a]! - margins[b]! || a - b)
  for (const [rank, image] of order.entries()) group[image] = Math.floor((rank * groups) / order.length)
  return group
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
