import { predictedClasses, type Tensor } from '@loadbearing/core'
import { openNetwork, type SuffixEngine } from '@loadbearing/onnx'
import type { BenchModel } from './model.ts'
import { type Cell, perturbModel } from './perturbed-model.ts'

/** Images whose two largest logits lie this close may be classified either way by two sound runtimes. */
export const tieWidth = 1e-5

/** How a cell comes out when the suffix engine runs it, and when the whole ONNX file that `perturb` writes is run. */
export interface EngineComparison {
  readonly images: number
  /** Correct images by the suffix engine and by the whole graph. */
  readonly correct: readonly [suffix: number, whole: number]
  /** Images of which only one of the two is correct and that are no tie. */
  readonly different: number
  /** Positions of images of which only one of the two is correct, and that are a tie. */
  readonly ties: readonly number[]
  /** Largest difference of a logit, relative to the largest logit of its image. */
  readonly difference: number
}

/**
 * Runs one cell both ways.
 *
 * @param engine has taken up `inputs`
 * @param inputs [images, …], preprocessed
 * @param labels true class of every image
 */
export async function compareEngines(
  model: BenchModel,
  engine: SuffixEngine,
  inputs: Tensor,
  labels: readonly number[],
  cell: Cell,
): Promise<EngineComparison> {
  const { bytes, weight } = perturbModel(model, cell)
  const layer = model.onnx.layers.find(({ name }) => name === cell.layer)!
  const network = await openNetwork(model.onnx, bytes)
  try {
    const suffix = await engine.run(layer, weight)
    const whole = await network.run(inputs)
    const [right, alsoRight] = [suffix, whole].map((logits) =>
      Array.from(predictedClasses(logits), (predicted, image) => predicted === labels[image]),
    ) as [boolean[], boolean[]]
    const differing = labels.flatMap((_, image) => (right[image] === alsoRight[image] ? [] : [image]))
    const ties = differing.filter((image) => isTie(suffix, image) || isTie(whole, image))
    return {
      images: labels.length,
      correct: [right.filter(Boolean).length, alsoRight.filter(Boolean).length],
      different: differing.length - ties.length,
      ties,
      difference: largestDifference(suffix, whole),
    }
  } finally {
    await network.release()
  }
}

function logitsOf({ shape, data }: Tensor, image: number): Float32Array {
  const classes = shape[1]!
  return data.subarray(image * classes, (image + 1) * classes)
}

/** Whether two sound runtimes may classify an image differently. */
export function isTie(logits: Tensor, image: number): boolean {
  const [first = NaN, second = NaN] = logitsOf(logits, image).toSorted((a, b) => b - a)
  return first - second <= tieWidth
}

function largestDifference(a: Tensor, b: Tensor): number {
  let largest = 0
  for (let image = 0; image < a.shape[0]!; image++) {
    const [left, right] = [logitsOf(a, image), logitsOf(b, image)]
    const scale = left.reduce((max, logit) => Math.max(max, Math.abs(logit)), 1e-30)
    left.forEach((logit, i) => (largest = Math.max(largest, Math.abs(logit - right[i]!) / scale)))
  }
  return largest
}
