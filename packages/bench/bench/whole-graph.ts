import type { Layer, Tensor } from '@loadbearing/core'
import type { BenchModel } from '../src/index.ts'
import onnxProto from 'onnx-proto'
import * as ort from 'onnxruntime-node'

const options: ort.InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
}

/**
 * The whole network as an onnxruntime session into which one layer's weight is fed: what a careful person writes who runs the graph
 * once a cell, and does not open a session for each. Of onnxruntime itself, so that nothing of the suffix engine is in it.
 */
export interface WholeGraph {
  /** Logits of a batch [n, …] with `weight` in the layer's place, one after the other in pieces of `batch` examples. */
  readonly run: (inputs: Tensor, weight: Tensor, batch: number) => Promise<Float32Array>
  readonly release: () => Promise<void>
}

export async function openWholeGraph({ bytes, onnx }: BenchModel, layer: Layer): Promise<WholeGraph> {
  const session = await ort.InferenceSession.create(withWeightAsInput(bytes, layer), options)
  return {
    run: (inputs, weight, batch) =>
      runInPieces(session, inputs, batch, onnx.input.name, { [layer.name]: asOrt(weight) }, onnx.output),
    release: () => session.release(),
  }
}

/** The naive way: a session over the file of a cell, used once. */
export async function runFile(
  { onnx }: BenchModel,
  perturbed: Uint8Array,
  inputs: Tensor,
  batch: number,
): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(perturbed, options)
  try {
    return await runInPieces(session, inputs, batch, onnx.input.name, {}, onnx.output)
  } finally {
    await session.release()
  }
}

/** The file with the layer's stored weight turned into an input: an initializer beside it would silently win. */
function withWeightAsInput(bytes: Uint8Array, { name, weightShape }: Layer): Uint8Array {
  const { ModelProto, TensorProto } = onnxProto.onnx
  const model = ModelProto.decode(bytes)
  const graph = model.graph!
  graph.initializer = (graph.initializer ?? []).filter((stored) => stored.name !== name)
  graph.input = [
    ...(graph.input ?? []).filter((input) => input.name !== name),
    {
      name,
      type: {
        tensorType: {
          elemType: TensorProto.DataType.FLOAT,
          shape: { dim: weightShape.map((size) => ({ dimValue: size })) },
        },
      },
    },
  ]
  return ModelProto.encode(model).finish()
}

const asOrt = ({ data, shape }: Tensor): ort.Tensor => new ort.Tensor('float32', data, [...shape])

async function runInPieces(
  session: ort.InferenceSession,
  { shape: [count = 0, ...example], data }: Tensor,
  batch: number,
  input: string,
  weight: Readonly<Record<string, ort.Tensor>>,
  output: { readonly name: string; readonly classes: number },
): Promise<Float32Array> {
  const size = data.length / count
  const logits = new Float32Array(count * output.classes)
  for (let start = 0; start < count; start += batch) {
    const end = Math.min(count, start + batch)
    const piece = asOrt({ shape: [end - start, ...example], data: data.subarray(start * size, end * size) })
    const { [output.name]: value } = await session.run({ ...weight, [input]: piece }, [output.name])
    if (!(value?.data instanceof Float32Array)) throw new Error(`${output.name} is no float32 tensor`)
    logits.set(value.data, start * output.classes)
  }
  return logits
}
