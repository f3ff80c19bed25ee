import type { Tensor } from '@loadbearing/core'
import { readModel } from '@loadbearing/onnx'
import { type FetchOptions, readZooInitial } from '@loadbearing/zoo'
import type { BenchModel } from './model.ts'

/**
 * Every layer's weight as it was before training, by layer name; empty where it was not kept. What does not ship is fetched.
 *
 * @param reference what the model was read from: the zoo alone keeps such weights
 * @throws DatasetError where the file cannot be fetched; ModelError where it is damaged
 */
export async function initialWeights(
  { name, onnx }: Pick<BenchModel, 'name' | 'onnx'>,
  reference: string,
  options: FetchOptions = {},
): Promise<ReadonlyMap<string, Tensor>> {
  if (!reference.startsWith('zoo:')) return new Map()
  const bytes = await readZooInitial(name, options)
  if (!bytes) return new Map()
  const initial = await readModel(bytes, { name: `${name}.initial` })
  const byName = new Map(initial.layers.map((layer) => [layer.name, initial.weight(layer)]))
  return new Map(
    onnx.layers.flatMap((layer) => (byName.has(layer.name) ? [[layer.name, byName.get(layer.name)!]] : [])),
  )
}
