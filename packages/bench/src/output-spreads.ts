import type { ActivationContext } from '@loadbearing/core'
import { openObserved } from '@loadbearing/onnx'
import { type BenchModel, preprocess } from './model.ts'
import { stratifiedOrder } from './seeds.ts'

/** What a layer's output ranges over, and its standard deviation. */
export type OutputSpread = Pick<ActivationContext, 'range' | 'std'>

/** Calibration images that are looked at. */
const examples = 256

/** As in a host: what a batch holds does not matter to the result but for the last bits of the sums. */
const batchSize = 64

/**
 * The spread of every layer's output (its first consuming node's) over the first 256 calibration images, all channels together: what
 * perturbations of activations are scaled by. By layer name.
 *
 * @throws EngineError when the network fails on the images
 */
export async function outputSpreads(model: BenchModel): Promise<ReadonlyMap<string, OutputSpread>> {
  const images = await model.images('calibration')
  const order = stratifiedOrder(images.labels, `${model.data}/calibration`).slice(0, examples)
  const totals = new Map(
    model.onnx.layers.map(({ name }) => [name, { low: Infinity, high: -Infinity, count: 0, sum: 0, squares: 0 }]),
  )
  const observed = await openObserved(model.onnx)
  try {
    for (let start = 0; start < order.length; start += batchSize) {
      const batch = await preprocess(images, order.slice(start, start + batchSize), model.preprocessing)
      for (const [layer, { output }] of await observed.activations(batch)) {
        const total = totals.get(layer)!
        total.count += output.data.length
        for (const value of output.data) {
          total.low = Math.min(total.low, value)
          total.high = Math.max(total.high, value)
          total.sum += value
          total.squares += value * value
        }
      }
    }
  } finally {
    await observed.release()
  }
  return new Map(
    [...totals].map(([layer, { low, high, count, sum, squares }]) => [
      layer,
      { range: { low, high }, std: Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2)) },
    ]),
  )
}
