import onnxProto from 'onnx-proto'
import type { onnx } from 'onnx-proto'

const { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } = onnxProto.onnx
const float = TensorProto.DataType.FLOAT

interface Described {
  /** Shape of one example. */
  readonly input: readonly number[]
  readonly nodes: readonly onnx.INodeProto[]
  readonly weights?: Readonly<Record<string, { readonly shape: readonly number[]; readonly value: number }>>
}

/** An ONNX file of a network from 'x' to 'y'; every weight is filled with one value. */
function encode({ input, nodes, weights = {} }: Described): Uint8Array {
  const shape = { dim: [{ dimParam: 'batch' }, ...input.map((dimValue) => ({ dimValue }))] }
  return ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: GraphProto.create({
      name: 'tiny',
      node: [...nodes],
      input: [{ name: 'x', type: { tensorType: { elemType: float, shape } } }],
      output: [{ name: 'y', type: { tensorType: { elemType: float } } }],
      initializer: Object.entries(weights).map(([name, { shape: dims, value }]) => ({
        name,
        dataType: float,
        dims: [...dims],
        floatData: new Array<number>(dims.reduce((a, b) => a * b, 1)).fill(value),
      })),
    }),
  }).finish()
}

const node = (opType: string, input: string[], output: string, attribute: onnx.IAttributeProto[] = []) =>
  NodeProto.create({ name: `${opType} of ${output}`, opType, input, output: [output], attribute })

const classify = [node('Flatten', ['x'], 'flat'), node('Gemm', ['flat', 'w'], 'y')]

/** Ten classes from images of 28 × 28, by one matrix. */
export const classifier = (channels = 1, value = 0.01): Uint8Array =>
  encode({ input: [channels, 28, 28], nodes: classify, weights: { w: { shape: [channels * 784, 10], value } } })

export const withoutLayers = (): Uint8Array =>
  encode({ input: [10, 28, 28], nodes: [node('GlobalAveragePool', ['x'], 'mean'), node('Flatten', ['mean'], 'y')] })

export const withoutClasses = (): Uint8Array =>
  encode({
    input: [1, 28, 28],
    nodes: [node('Conv', ['x', 'w'], 'y', [kernel(3)])],
    weights: { w: { shape: [4, 1, 3, 3], value: 1 } },
  })

export const withForeignOperator = (): Uint8Array =>
  encode({
    input: [1, 28, 28],
    nodes: [node('Flatten', ['x'], 'flat'), node('Frobnicate', ['flat'], 'odd'), node('Gemm', ['odd', 'w'], 'y')],
    weights: { w: { shape: [784, 10], value: 1 } },
  })

function kernel(size: number): onnx.IAttributeProto {
  return { name: 'kernel_shape', type: AttributeProto.AttributeType.INTS, ints: [size, size] }
}

interface Scored {
  readonly input: string
  /** Sizes of one example; names where they are open. */
  readonly sizes: readonly (number | string)[]
  readonly type?: onnx.TensorProto.DataType
  /** Another input of the same shape, which nothing reads. */
  readonly beside?: string
  /** What each number of an example counts for each class. */
  readonly weights: readonly (readonly number[])[]
}

/** Classes by sums of the numbers of an example. */
export const sums = ({ input, sizes, type = float, beside, weights }: Scored): Uint8Array => {
  const dim = ['batch', ...sizes].map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }))
  const nodes = [
    NodeProto.create({
      name: 'numbers',
      opType: 'Cast',
      input: [input],
      output: ['numbers'],
      attribute: [{ name: 'to', type: AttributeProto.AttributeType.INT, i: float }],
    }),
    node('Flatten', ['numbers'], 'flat'),
    node('Gemm', ['flat', 'w'], 'y'),
  ]
  return ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: GraphProto.create({
      name: 'tiny',
      node: nodes,
      input: [input, ...(beside === undefined ? [] : [beside])].map((name) => ({
        name,
        type: { tensorType: { elemType: type, shape: { dim } } },
      })),
      output: [{ name: 'y', type: { tensorType: { elemType: float } } }],
      initializer: [
        { name: 'w', dataType: float, dims: [weights.length, weights[0]!.length], floatData: weights.flat() },
      ],
    }),
  }).finish()
}
