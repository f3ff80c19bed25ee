import type { Tensor } from '@loadbearing/core'
import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import {
  countPairs,
  intervalAround,
  type PairedInterval,
  pairedInterval,
  stoppingAllowance,
} from './paired-interval.ts'
import { criticalT } from './student-t.ts'

/** What one pass of the unperturbed network tells of images, in the order in which cells are measured on them. */
export interface KnownImages {
  /** The true class of each. */
  readonly labels: Int32Array
  /** [images, classes] */
  readonly logits: Tensor
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

/** Beyond, as of a network of a thousand classes, a regression would take longer than the images that it spares. */
const mostVariables = 256

/**
 * The accuracy drop of cells of one network on a test set of which some images were measured, in a random order. Which images turn wrong
 * depends on what is known of all of them beforehand: a perturbation pushes answers towards some classes, and those that were sure stay.
 *
 * The regression estimator of Cochran 1977, chapter 7, for several variables (Särndal, Swensson & Wretman 1992, section 6.4): losses are
 * regressed on the true class, on the group of the margin (by how much the true class's logit exceeds the largest other one) and on the
 * logits; the mean prediction over all known images takes the place of the mean loss over those that were measured. The variance is that
 * of the residuals; where only a part of the test set is known, that of the losses between that part and the whole is added (double
 * sampling, Cochran 12.7). As in {@link pairedInterval}, one pseudo-image lost and one gained are among the residuals, and where all
 * images were measured nothing is left to know.
 *
 * All variables take part from 10 images a coefficient on, so do the groups alone; before, the interval is that of `pairedInterval`. It
 * may be looked at after every chunk until it is narrow, as that may: coverage and bias are simulated in regression-interval.test.ts.
 *
 * @param known the first images of the order: all that may be measured
 * @param population images of the whole test set
 * @param allowance by how much wider the intervals are: 1 where each is looked at once
 */
export function openRegression(
  known: KnownImages,
  population: number,
  allowance = stoppingAllowance,
): { cell: () => RegressedCell } {
  const group = groupsOf(marginsOf(known))
  const all = known.labels.length
  const designs = [fullDesign(known, group), groupDesign(group)]
    .filter(({ width }) => width <= mostVariables && all >= imagesEach * width)
    .map((design) => ({ ...design, solvedOn: solver(design, all) }))

  const cell = (): RegressedCell => {
    const sums = designs.map(({ width }) => new Float64Array(width))
    const counts = { lost: 0, gained: 0, images: 0 }
    return {
      add(losses) {
        if (counts.images + losses.length > all) throw new RangeError('There are more images than are known.')
        for (const [i, loss] of losses.entries()) {
          if (loss === 0) continue
          for (const [which, { variables }] of designs.entries()) {
            for (const [column, value] of variables(counts.images + i)) sums[which]![column]! += loss * value
          }
        }
        const more = countPairs(losses)
        counts.lost += more.lost
        counts.gained += more.gained
        counts.images += more.images
      },
      interval() {
        const { lost, gained, images } = counts
        for (const [which, design] of designs.entries()) {
          const isEnough = images < population && images >= imagesEach * design.width
          const solved = isEnough ? design.solvedOn(images) : undefined
          if (!solved) continue
          const own = sums[which]!
          const coefficients = solved.inverse.mmul(Matrix.columnVector(own)).to1DArray()
          const residual = Math.max(0, lost + gained - dot(coefficients, own)) + 2
          const freedom = images + 2 - design.width
          const mean = (lost - gained) / images
          const variance =
            (residual / freedom) * solved.leverage + ((lost + gained) / images - mean ** 2) * (1 / all - 1 / population)
          const value = dot(coefficients, solved.means)
          const centre = (value * images) / (images + 2)
          const margin = allowance * criticalT(freedom - 1) * Math.sqrt(variance)
          return intervalAround(value, centre, margin)
        }
        return pairedInterval(counts, population, allowance)
      },
    }
  }
  return { cell }
}

/** What losses are regressed on. */
interface Design {
  readonly width: number
  /** The variables of an image that are not zero, with their columns. */
  readonly variables: (image: number) => readonly (readonly [column: number, value: number])[]
}

/** One column for all, and one a group but the first. */
function groupDesign(group: Uint8Array): Design {
  return { width: groups, variables: (image) => [[0, 1], ...ofGroup(group[image]!, 1)] }
}

/** The column of a group; of the first there is none. @param first column of the others */
function ofGroup(group: number, first: number): [number, number][] {
  return group === 0 ? [] : [[first + group - 1, 1]]
}

/** One column a class, one a group but the first, and one a logit but the first: of all of them, only differences tell. */
function fullDesign({ labels, logits: { shape, data } }: KnownImages, group: Uint8Array): Design {
  const [, classes = 0] = shape
  return {
    width: classes + groups - 1 + classes - 1,
    variables(image) {
      const row: [number, number][] = [[labels[image]!, 1], ...ofGroup(group[image]!, classes)]
      const first = image * classes
      for (let other = 1; other < classes; other++) {
        row.push([classes + groups - 2 + other, data[first + other]! - data[first]!])
      }
      return row
    },
  }
}

interface Solved {
  readonly inverse: Matrix
  /** Mean of every variable over all known images. */
  readonly means: Float64Array
  /** The variance of the mean prediction over all known images, with a residual variance of 1: of those that are not measured yet. */
  readonly leverage: number
}

/**
 * Solves for the first images, the same for every cell that has seen as many. Undefined where their variables do not tell all coefficients
 * apart: a group that has none yet, or equal logits.
 */
function solver({ width, variables }: Design, known: number): (images: number) => Solved | undefined {
  const means = new Float64Array(width)
  for (let image = 0; image < known; image++) {
    for (const [column, value] of variables(image)) means[column]! += value / known
  }
  // Of the images so far, so that who asks for more and more of them pays for each once.
  let products = new Float64Array(width * width)
  let counted = 0
  const count = (images: number): void => {
    if (images < counted) [products, counted] = [new Float64Array(width * width), 0]
    for (; counted < images; counted++) {
      const row = variables(counted)
      for (const [a, value] of row) for (const [b, other] of row) products[a * width + b]! += value * other
    }
  }
  const solve = (images: number): Solved | undefined => {
    count(images)
    const matrix = Matrix.from1DArray(width, width, products)
    // A class that no image is of, now or later.
    for (let i = 0; i < width; i++) if (means[i] === 0 && matrix.get(i, i) === 0) matrix.set(i, i, 1)
    const decomposition = new CholeskyDecomposition(matrix)
    if (!decomposition.isPositiveDefinite()) return undefined
    const inverse = decomposition.solve(Matrix.eye(width))
    const leverage = dot(means, inverse.mmul(Matrix.columnVector(means)).to1DArray()) - 1 / known
    return { inverse, means, leverage: Math.max(0, leverage) }
  }
  const solved = new Map<number, Solved | undefined>()
  return (images) => {
    if (!solved.has(images)) solved.set(images, solve(images))
    return solved.get(images)
  }
}

/** By how much the logit of the true class exceeds the largest other one: negative where the network is wrong. */
function marginsOf({ labels, logits: { shape, data } }: KnownImages): Float64Array {
  const [, classes = 0] = shape
  return Float64Array.from(labels, (label, image) => {
    const first = image * classes
    let other = -Infinity
    for (let logit = first; logit < first + classes; logit++) {
      if (logit !== first + label) other = Math.max(other, data[logit]!)
    }
    return data[first + label]! - other
  })
}

/** Which of the groups every image falls into, those of the least margin first; among equals, the earlier image. */
function groupsOf(margins: Float64Array): Uint8Array {
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
