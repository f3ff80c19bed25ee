import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Layer, Tensor } from '@loadbearing/core'

const fixtures = join(import.meta.dirname, 'fixtures')

/** What tools/reference/onnx_models.py knows of a model: by hand of its layers, by the reference implementation of its values. */
export interface ReferenceModel {
  readonly name: string
  readonly opset: number
  readonly bytes: Uint8Array
  readonly input: readonly number[]
  readonly layers: readonly ReferenceLayer[]
  /** Reason by name of the tensor. */
  readonly leftOut: Readonly<Record<string, string>>
  readonly images: Tensor
  /** The output as the file has it: probabilities where it ends in a Softmax. */
  readonly scores: Tensor
  readonly activations: Readonly<Record<string, Tensor>>
  /** The output with −½ times the layer's weight, by layer. */
  readonly changed: Readonly<Record<string, Tensor>>
}

export type ReferenceLayer = Pick<
  Layer,
  'name' | 'op' | 'nodes' | 'weightShape' | 'parameters' | 'macs' | 'inputShape' | 'outputShape'
> & { readonly reads: string; readonly makes: string }

interface Encoded {
  readonly shape: readonly number[]
  readonly float32: string
}

type Recorded = Omit<ReferenceModel, 'bytes' | 'images' | 'scores' | 'activations' | 'changed'> & {
  readonly images: Encoded
  readonly scores: Encoded
  readonly activations: Readonly<Record<string, Encoded>>
  readonly changed: Readonly<Record<string, Encoded>>
}

export async function referenceModels(): Promise<ReferenceModel[]> {
  const recorded = JSON.parse(await readFile(join(fixtures, 'models.json'), 'utf8')) as Recorded[]
  return Promise.all(
    recorded.map(async ({ images, scores, activations, changed, ...model }) => ({
      ...model,
      bytes: await readFile(join(fixtures, 'models', `${model.name}.onnx`)),
      images: decoded(images),
      scores: decoded(scores),
      activations: byName(activations),
      changed: byName(changed),
    })),
  )
}

/** The networks of the zoo, with what PyTorch says of their layers: tools/reference/zoo_layers.py. */
export async function zooModels(): Promise<
  { name: string; bytes: Uint8Array; layers: Omit<ReferenceLayer, 'op'>[] }[]
> {
  const recorded = JSON.parse(await readFile(join(fixtures, 'zoo-layers.json'), 'utf8')) as Record<
    string,
    Omit<ReferenceLayer, 'op'>[]
  >
  const models = join(import.meta.dirname, '../../zoo/models')
  return Promise.all(
    Object.entries(recorded).map(async ([name, layers]) => ({
      name,
      bytes: await readFile(join(models, `${name}.onnx`)),
      layers,
    })),
  )
}

function byName(encoded: Readonly<Record<string, Encoded>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(encoded).map(([name, value]) => [name, decoded(value)]))
}

function decoded({ shape, float32 }: Encoded): Tensor {
  return { shape, data: new Float32Array(Uint8Array.from(Buffer.from(float32, 'base64')).buffer) }
}
