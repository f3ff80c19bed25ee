import { ModelError, type Tensor } from '@loadbearing/core'
import { openNetwork } from '@loadbearing/onnx'
import { type BenchModel, preprocess } from './model.ts'
import { stratifiedOrder } from './seeds.ts'

/**
 * Refuses a network whose unperturbed class scores, [images, classes], are not all finite: against them no loss and no divergence is a
 * number.
 *
 * @throws ModelError
 */
export function refuseInfinite({ shape, data }: Tensor, name: string): void {
  const [images = 0, classes = 0] = shape
  const rows = Array.from({ length: images }, (_, i) => data.subarray(i * classes, (i + 1) * classes))
  const infinite = rows.filter((scores) => !scores.every(Number.isFinite)).length
  if (infinite === 0) return
  throw new ModelError(`${name} gives NaN or infinite class scores for ${infinite} of ${images} images.`, {
    hint: 'Check how its images are preprocessed (--scale --mean --std) and the model itself, or measure without it into a new folder (--out).',
  })
}

/** Refuses it on the first test images, before anything is measured. @throws ModelError; EngineError when the network fails */
export async function refuseInfiniteOn(model: BenchModel, images: number): Promise<void> {
  const set = await model.images('test')
  const first = stratifiedOrder(set.labels, model.data).slice(0, images)
  const network = await openNetwork(model.onnx, model.bytes)
  try {
    refuseInfinite(await network.run(await preprocess(set, first, model.preprocessing)), model.name)
  } finally {
    await network.release()
  }
}
