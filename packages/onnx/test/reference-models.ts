import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Layer, Tensor } from '@loadbearing/core'

const fixtures = join(import.meta.dirname, 'fixtures')
const cards = join(import.meta.dirname, '../../zoo/models')
const fetched = join(import.meta.dirname, '../../zoo-networks/networks')

/** What tools/reference/onnx_models.py knows of a model: by hand of its layers, by the reference implementation of its values. */
export interface ReferenceModel {
  readonly name: string
  readonly opset: number
  readonly bytes: Uint8Array
  readonly input: readonly number[]
  /** How many examples the graph takes at once. */
  readonly batch: 'open' | number
  readonly layers: readonly ReferenceLayer[]
  /** Reason by name of the tensor. */
  readonly leftOut: Readonly<Record<string, string>>
  readonly images: Tensor
  /** The output as the file has it: probabilities where it ends in a Softmax. */
  readonly scores: Tensor
  readonly activations: Readonly<Record<string, Tensor>>
  /** What the layer's first node reads, by layer: of weights that lie in the file in another layout or type. */
  readonly weights: Readonly<Record<string, Tensor>>
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

type Recorded = Omit<ReferenceModel, 'bytes' | 'images' | 'scores' | 'activations' | 'weights' | 'changed'> & {
  readonly images: Encoded
  readonly scores: Encoded
  readonly activations: Readonly<Record<string, Encoded>>
  readonly weights: Readonly<Record<string, Encoded>>
  readonly changed: Readonly<Record<string, Encoded>>
}

export async function referenceModels(): Promise<ReferenceModel[]> {
  const recorded = await readJson<Recorded[]>(join(fixtures, 'models.json'))
  return Promise.all(
    recorded.map(async ({ images, scores, activations, weights, changed, ...model }) => ({
      ...model,
      bytes: await readFile(join(fixtures, 'models', `${model.name}.onnx`)),
      images: decoded(images),
      scores: decoded(scores),
      activations: byName(activations),
      weights: byName(weights),
      changed: byName(changed),
    })),
  )
}

/** How far a runtime may be from the reference, as a share of the largest value: `half` and `narrow` compute in float16, whose steps are 2⁻¹¹. */
export function toleranceOf({ name }: Pick<ReferenceModel, 'name'>): number {
  return name === 'half' || name === 'narrow' ? 2 ** -9 : 1e-5
}

/** Float32 numbers, and what numpy rounds them to in half precision. */
export async function roundedNumbers(): Promise<{ readonly values: Tensor; readonly rounded: Tensor }> {
  const { values, rounded } = await readJson<Record<'values' | 'rounded', Encoded>>(join(fixtures, 'float16.json'))
  return { values: decoded(values), rounded: decoded(rounded) }
}

/** A network of the zoo, with what PyTorch says of its layers (tools/reference/zoo_layers.py) and what its card does. */
export interface ReferenceNetwork {
  readonly name: string
  readonly bytes: Uint8Array
  readonly layers: readonly Pick<Layer, 'name' | 'weightShape' | 'parameters' | 'macs' | 'inputShape' | 'outputShape'>[]
  readonly card: { readonly layers: number; readonly macs: number; readonly parameters: number }
}

/** Every network that has a card. */
export async function zooModels(): Promise<ReferenceNetwork[]> {
  const counted = await readJson<Record<string, ReferenceNetwork['layers']>>(join(fixtures, 'zoo-layers.json'))
  const files = (await readdir(cards)).filter((file) => file.endsWith('.json'))
  return Promise.all(
    files.map(async (file) => {
      const name = basename(file, '.json')
      const layers = counted[name]
      if (!layers) throw new Error(`zoo-layers.json lacks ${name}: run tools/reference/zoo_layers.py`)
      const shipped = join(cards, `${name}.onnx`)
      const bytes = await readFile(existsSync(shipped) ? shipped : join(fetched, `${name}.onnx`))
      return { name, bytes, layers, card: await readJson<ReferenceNetwork['card']>(join(cards, file)) }
    }),
  )
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T
}

function byName(encoded: Readonly<Record<string, Encoded>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(encoded).map(([name, value]) => [name, decoded(value)]))
}

function decoded({ shape, float32 }: Encoded): Tensor {
  return { shape, data: new Float32Array(Uint8Array.from(Buffer.from(float32, 'base64')).buffer) }
}
