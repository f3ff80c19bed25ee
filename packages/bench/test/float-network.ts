import onnxProto from 'onnx-proto'
import type { onnx } from 'onnx-proto'

interface Weight {
  readonly dims: readonly number[]
  readonly values: readonly number[]
}

interface FloatNetwork {
  /** Shape of one example. */
  readonly input: readonly number[]
  readonly nodes: readonly onnx.INodeProto[]
  readonly weights: Readonly<Record<string, Weight>>
}

export const node = (opType: string, input: string[], output: string): onnx.INodeProto => ({
  opType,
  input,
  output: [output],
})

/** An ONNX file of a network in float32 from 'x' to 'y'. */
export function floatNetwork({ input, nodes, weights }: FloatNetwork): Uint8Array {
  const { ModelProto, TensorProto } = onnxProto.onnx
  const float = TensorProto.DataType.FLOAT
  const shape = { dim: [{ dimParam: 'batch' }, ...input.map((dimValue) => ({ dimValue }))] }
  return ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'tiny',
      node: [...nodes],
      input: [{ name: 'x', type: { tensorType: { elemType: float, shape } } }],
      output: [{ name: 'y', type: { tensorType: { elemType: float } } }],
      initializer: Object.entries(weights).map(([name, { dims, values }]) => ({
        name,
        dataType: float,
        dims: [...dims],
        floatData: [...values],
      })),
    },
  }).finish()
}
