import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Rng, sizeOf } from '@loadbearing/core'
import { openSuffixes, readModel } from '@loadbearing/onnx'
import { damaged, type FuzzCase } from './case.ts'
import { onnxMutations } from './onnx-mutations.ts'

const root = join(import.meta.dirname, '../..')
const folders = ['packages/onnx/test/fixtures/models']
const files = ['packages/zoo/models/lenet-fashion.onnx']

const bases = new Map(
  [...folders.flatMap((folder) => readdirSync(join(root, folder)).map((file) => join(folder, file))), ...files]
    .sort()
    .map((file) => [file, readFileSync(join(root, file))]),
)

/** A damaged model. To read it is to find its layers, open the part behind each, and run all of them on two examples. */
export function onnxCase(rng: Rng): FuzzCase {
  const { bytes, damage } = damaged(bases, onnxMutations, rng)
  return {
    damage,
    bytes,
    read: async () => {
      const model = await readModel(bytes, { name: 'damaged.onnx' })
      const engine = await openSuffixes(model, { outputs: model.layers })
      try {
        const shape = [2, ...model.input.shape]
        const isFloat = model.input.type.startsWith('float')
        const data = Float32Array.from({ length: sizeOf(shape) }, () => (isFloat ? rng.uniform() : rng.integer(2)))
        await engine.advance({ shape, data })
        for (const layer of model.layers) {
          await engine.run(layer, model.weight(layer))
          await engine.runOutput(layer, (output) => output)
        }
      } finally {
        await engine.release()
      }
      return 'a classifier'
    },
  }
}
