import type { Rng } from '@loadbearing/core'
import onnxProto, { type onnx } from 'onnx-proto'
import protobuf from 'protobufjs/minimal.js'
import { byteMutations } from './byte-mutations.ts'
import { extremes, type Mutation, oneOf } from './mutation.ts'

const { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } = onnxProto.onnx
const { AttributeType } = AttributeProto
const { DataLocation, DataType } = TensorProto

/** Damage to an ONNX file: to its bytes, to the lengths of its fields, or to what a sound file says. */
export const onnxMutations: Readonly<Record<string, Mutation>> = {
  ...byteMutations,
  'a varint blown up': (bytes, rng) => {
    const at = rng.integer(bytes.length)
    const blown = oneOf(
      [
        [0xff, 0xff, 0xff, 0xff, 0x07],
        [0xff, 0xff, 0xff, 0xff, 0x0f],
        [...new Uint8Array(9).fill(0xff), 1],
      ],
      rng,
    )
    return Buffer.concat([bytes.subarray(0, at), Uint8Array.from(blown), bytes.subarray(at + 1)])
  },
  'graphs within graphs': (bytes, rng) => {
    const { graph, ...model } = decoded(bytes) ?? {}
    const nodes = graph?.node ?? []
    if (nodes.length === 0) return undefined
    const outer = rng.integer(nodes.length)
    const input = nodes[outer]!.input ?? []
    const opType = oneOf(['If', 'Loop', 'Scan'], rng)
    let inner = NodeProto.encode({ opType: 'Relu', input, output: ['inner'] }).finish()
    // Encoded from the inside out: the protobuf classes cannot encode so deep a model.
    for (let depth = oneOf([1, 2, 10, 40, 99, 101, 1000, 4000], rng); depth > 0; depth--) {
      const branch = Buffer.concat([
        field(1, inner),
        GraphProto.encode({ name: 'branch', output: [{ name: 'inner' }] }).finish(),
      ])
      const attribute = AttributeProto.encode({ name: 'then_branch', type: AttributeType.GRAPH }).finish()
      const node = NodeProto.encode({ opType, input, output: ['inner'] }).finish()
      inner = Buffer.concat([node, field(5, Buffer.concat([attribute, field(6, branch)]))])
    }
    const encoded = nodes.map((node, i) => field(1, i === outer ? inner : NodeProto.encode(node).finish()))
    const whole = Buffer.concat([GraphProto.encode({ ...graph, node: [] }).finish(), ...encoded])
    return Buffer.concat([ModelProto.encode(model).finish(), field(7, whole)])
  },
  ...Object.fromEntries(Object.entries(modelMutations()).map(([what, mutate]) => [what, onModel(mutate)])),
}

interface Part {
  readonly graph: onnx.IGraphProto
  readonly nodes: onnx.INodeProto[]
  readonly initializers: onnx.ITensorProto[]
  readonly rng: Rng
  readonly other: onnx.IModelProto
}

/** Changes a decoded model in place; false where it has nothing to change. */
type ModelMutation = (model: onnx.IModelProto, part: Part) => boolean

function onModel(mutate: ModelMutation): Mutation {
  return (bytes, rng, second) => {
    const [model, other] = [decoded(bytes), decoded(second)]
    const { graph } = model ?? {}
    if (!model || !graph || !other) return undefined
    const nodes = (graph.node ??= [])
    const initializers = (graph.initializer ??= [])
    if (nodes.length === 0 || initializers.length === 0) return undefined
    return mutate(model, { graph, nodes, initializers, rng, other }) ? ModelProto.encode(model).finish() : undefined
  }
}

/** A field of protobuf that has a length. */
function field(number: number, content: Uint8Array): Uint8Array {
  return protobuf.Writer.create()
    .uint32((number << 3) | 2)
    .bytes(content)
    .finish()
}

/** Undefined where earlier damage has left no model. */
function decoded(bytes: Uint8Array): onnx.IModelProto | undefined {
  try {
    return ModelProto.decode(bytes)
  } catch {
    return undefined
  }
}

function modelMutations(): Record<string, ModelMutation> {
  return {
    'a size of a tensor changed': (_, { initializers, rng }) => {
      const tensor = oneOf(initializers, rng)
      const dims = (tensor.dims ?? []).map(Number)
      if (dims.length === 0) return false
      dims[rng.integer(dims.length)] = oneOf(extremes, rng)
      tensor.dims = dims
      return true
    },
    'a size of a tensor changed, with as many values': (_, { initializers, rng }) => {
      const tensor = oneOf(initializers, rng)
      const dims = (tensor.dims ?? []).map(Number)
      if (dims.length === 0 || tensor.dataType !== DataType.FLOAT) return false
      dims[rng.integer(dims.length)] = rng.integer(9)
      const size = dims.reduce((product, each) => product * each, 1)
      if (size > 2 ** 20) return false
      Object.assign(tensor, { dims, floatData: [], rawData: new Uint8Array(new Float32Array(size).fill(0.5).buffer) })
      return true
    },
    'sizes of a tensor in another order': (_, { initializers, rng }) => {
      const tensor = oneOf(initializers, rng)
      tensor.dims = rng.shuffle((tensor.dims ?? []).map(Number))
      return true
    },
    'a tensor of many dimensions': (_, { initializers, rng }) => {
      const tensor = oneOf(initializers, rng)
      const more = Array<number>(oneOf([1, 2, 8, 64, 300, 5000], rng)).fill(1)
      const dims = (tensor.dims ?? []).map(Number)
      tensor.dims = rng.integer(2) === 0 ? [...more, ...dims] : [...dims, ...more]
      return true
    },
    'a tensor without dimensions': (_, { initializers, rng }) => {
      oneOf(initializers, rng).dims = []
      return true
    },
    'the type of a tensor changed': (_, { initializers, rng }) => {
      oneOf(initializers, rng).dataType = rng.integer(30)
      return true
    },
    'the values of a tensor changed': (_, { initializers, rng }) => {
      const tensor = oneOf(initializers, rng)
      const { rawData } = tensor
      if (!rawData?.length) return false
      const values = Buffer.from(rawData)
      const width = tensor.dataType === DataType.INT64 ? 8 : 4
      const at = width * rng.integer(Math.floor(values.length / width))
      if (at + width > values.length) return false
      if (width === 8) values.writeBigInt64LE(BigInt.asIntN(64, BigInt(oneOf(extremes, rng))), at)
      else values.writeFloatLE(oneOf([NaN, Infinity, -Infinity, 3e38, 1e-45, -0], rng), at)
      tensor.rawData = values
      return true
    },
    'a whole number among the tensors changed': (_, { initializers, nodes, rng }) => {
      const inNodes = nodes.flatMap(({ attribute }) => (attribute ?? []).flatMap(({ t }) => (t ? [t] : [])))
      const integers = [...initializers, ...inNodes].filter(({ dataType }) => dataType === DataType.INT64)
      if (integers.length === 0) return false
      const tensor = oneOf(integers, rng)
      const raw = tensor.rawData?.length ? new BigInt64Array(Uint8Array.from(tensor.rawData).buffer) : undefined
      const values = raw ? Array.from(raw, Number) : (tensor.int64Data ?? []).map(Number)
      if (values.length === 0) return false
      values[rng.integer(values.length)] = oneOf(extremes, rng)
      Object.assign(tensor, { rawData: new Uint8Array(0), int64Data: values })
      return true
    },
    'values kept elsewhere': (_, { initializers, rng }) => {
      const tensor = oneOf(initializers, rng)
      const location = oneOf(['weights.bin', '../weights.bin', '/etc/passwd', 'C:\\weights', '', 'a\0b'], rng)
      const entries = { location, offset: String(oneOf(extremes, rng)), length: String(oneOf(extremes, rng)) }
      tensor.dataLocation = DataLocation.EXTERNAL
      tensor.externalData = Object.entries(entries).map(([key, value]) => ({ key, value }))
      return true
    },
    'what a node reads renamed': (_, { graph, nodes, initializers, rng }) => {
      const node = oneOf(nodes, rng)
      const inputs = node.input ?? []
      if (inputs.length === 0) return false
      const made = nodes.flatMap(({ output }) => output ?? [])
      const given = [...initializers, ...(graph.input ?? [])].map(({ name }) => name ?? '')
      inputs[rng.integer(inputs.length)] = oneOf([...made, ...made, ...given, '', 'nothing'], rng)
      return true
    },
    'what a node makes renamed': (_, { nodes, rng }) => {
      const node = oneOf(nodes, rng)
      node.output = [oneOf([...nodes.flatMap(({ output }) => output ?? []), '', 'nothing'], rng)]
      return true
    },
    'an input of a node more or less': (_, { nodes, rng }) => {
      const node = oneOf(nodes, rng)
      const inputs = node.input ?? []
      node.input = rng.integer(2) === 0 ? inputs.slice(0, -1) : [...inputs, oneOf(['', ...inputs], rng)]
      return true
    },
    'the operator of a node changed': (_, { nodes, rng }) => {
      oneOf(nodes, rng).opType = oneOf(operators, rng)
      return true
    },
    'a number of an attribute changed': (_, { nodes, rng }) => {
      const attributes = nodes.flatMap(({ attribute }) => attribute ?? []).filter(({ t, g }) => !t && !g)
      if (attributes.length === 0) return false
      const attribute = oneOf(attributes, rng)
      const { ints } = attribute
      if (ints?.length) ints[rng.integer(ints.length)] = oneOf(extremes, rng)
      else if (attribute.type === AttributeType.FLOAT) attribute.f = oneOf([NaN, Infinity, -1, 0, 1e38], rng)
      else attribute.i = oneOf(extremes, rng)
      return true
    },
    'an attribute with more or fewer numbers': (_, { nodes, rng }) => {
      const attributes = nodes.flatMap(({ attribute }) => attribute ?? []).filter(({ ints }) => ints?.length)
      if (attributes.length === 0) return false
      const attribute = oneOf(attributes, rng)
      const ints = (attribute.ints ?? []).map(Number)
      attribute.ints = rng.integer(2) === 0 ? ints.slice(0, rng.integer(ints.length)) : [...ints, ...ints]
      return true
    },
    'an attribute put in': (_, { nodes, rng }) => {
      const name = oneOf(attributeNames, rng)
      const i = oneOf(extremes, rng)
      const ints = Array.from({ length: rng.integer(6) }, () => oneOf(extremes, rng))
      const given =
        rng.integer(2) === 0 ? { name, type: AttributeType.INT, i } : { name, type: AttributeType.INTS, ints }
      const node = oneOf(nodes, rng)
      node.attribute = [...(node.attribute ?? []).filter((each) => each.name !== name), given]
      return true
    },
    'the type of an attribute changed': (_, { nodes, rng }) => {
      const attributes = nodes.flatMap(({ attribute }) => attribute ?? [])
      if (attributes.length === 0) return false
      // Some of these are the numbers of no type.
      Object.assign(oneOf(attributes, rng), { type: rng.integer(16) })
      return true
    },
    'a node taken out': (_, { nodes, rng }) => {
      nodes.splice(rng.integer(nodes.length), 1)
      return true
    },
    'a node bridged over': (_, { nodes, rng }) => {
      const [node] = nodes.splice(rng.integer(nodes.length), 1)
      const [from, made] = [node?.input?.[0], node?.output?.[0]]
      if (from === undefined || made === undefined) return false
      for (const each of nodes) each.input = (each.input ?? []).map((name) => (name === made ? from : name))
      return true
    },
    'nodes in another order': (_, { graph, nodes, rng }) => {
      graph.node = rng.shuffle(nodes)
      return true
    },
    'nodes of another file put in': (_, { nodes, rng, other }) => {
      nodes.push(...(other.graph?.node ?? []).filter(() => rng.integer(3) === 0))
      return true
    },
    'the size of the input changed': (_, { graph, rng }) => {
      const dims = graph.input?.[0]?.type?.tensorType?.shape?.dim ?? []
      if (dims.length === 0) return false
      dims[rng.integer(dims.length)] = { dimValue: oneOf(extremes, rng) }
      return true
    },
    'the dimensions of the input more or fewer': (_, { graph, rng }) => {
      const shape = graph.input?.[0]?.type?.tensorType?.shape
      if (!shape?.dim) return false
      const more = Array.from({ length: oneOf([1, 2, 8, 64, 1000], rng) }, () => ({ dimValue: 1 }))
      shape.dim = rng.integer(2) === 0 ? shape.dim.slice(0, -1) : [...shape.dim, ...more]
      return true
    },
    'the type of the input changed': (_, { graph, rng }) => {
      const type = graph.input?.[0]?.type?.tensorType
      if (!type) return false
      type.elemType = rng.integer(30)
      return true
    },
    'inputs and outputs changed': (_, { graph, nodes, rng }) => {
      const name = oneOf(
        nodes.flatMap(({ output }) => output ?? []),
        rng,
      )
      if (rng.integer(2) === 0) graph.output = [...(graph.output ?? []), { name }]
      else graph.input = [...(graph.input ?? []), { name }]
      return true
    },
    'the version of the operators changed': (model, { rng }) => {
      const [opset] = model.opsetImport ?? []
      if (!opset) return false
      opset.version = oneOf([...extremes, ...Array.from({ length: 30 }, (_, i) => i)], rng)
      return true
    },
    'the version of the format changed': (model, { rng }) => {
      model.irVersion = oneOf([...extremes, 3, 4, 5, 6, 10, 11, 12, 13], rng)
      return true
    },
    'functions that call each other': (model, { nodes, rng }) => {
      const names = ['F', 'G', 'H']
      const calls = names.map((name) => ({ name, domain: 'my.own', input: ['x'], output: ['y'] }))
      model.functions = calls.map((each, i) => ({
        ...each,
        node: [
          {
            opType: rng.integer(2) === 0 ? names[rng.integer(3)]! : (names[i + 1] ?? 'Relu'),
            domain: i === 2 ? '' : 'my.own',
            input: ['x'],
            output: ['y'],
          },
        ],
        opsetImport: [
          { domain: '', version: 17 },
          { domain: 'my.own', version: 1 },
        ],
      }))
      model.opsetImport = [...(model.opsetImport ?? []), { domain: 'my.own', version: 1 }]
      Object.assign(oneOf(nodes, rng), { opType: 'F', domain: 'my.own' })
      return true
    },
    'functions that grow': (model, { nodes, rng }) => {
      const chain = oneOf([2, 12, 40, 400, 20_000], rng)
      const opsetImport = ['', 'my.own'].map((domain) => ({ domain, version: 17 }))
      model.functions = Array.from({ length: chain }, (_, i) => {
        const [opType, domain] = i === 0 ? ['Relu', ''] : [`F${i - 1}`, 'my.own']
        const calls = ['x', 'once'].map((from, j) => ({
          opType,
          domain,
          input: [from],
          output: [j === 0 ? 'once' : 'y'],
        }))
        return { name: `F${i}`, domain: 'my.own', input: ['x'], output: ['y'], node: calls, opsetImport }
      })
      model.opsetImport = [...(model.opsetImport ?? []), { domain: 'my.own', version: 17 }]
      Object.assign(oneOf(nodes, rng), { opType: `F${chain - 1}`, domain: 'my.own' })
      return true
    },
    'a name changed': (_, { graph, nodes, initializers, rng }) => {
      const named = oneOf([...nodes, ...initializers, ...(graph.output ?? []), ...(graph.input ?? [])], rng)
      named.name = oneOf(['', 'é\u0000', '\ud800', 'x'.repeat(2 ** 20), '__proto__', 'constructor'], rng)
      return true
    },
    'a name changed wherever it stands': (_, { graph, nodes, initializers, rng }) => {
      const made = nodes.flatMap(({ output }) => output ?? [])
      const from = oneOf([...made, ...initializers.map(({ name }) => name ?? '')], rng)
      const to = oneOf(['__proto__', 'constructor', 'toString', 'length', 'a/b\\c', '\u0000', 'x'.repeat(2 ** 16)], rng)
      const renamed = (name: string): string => (name === from ? to : name)
      for (const node of nodes) {
        node.input = (node.input ?? []).map(renamed)
        node.output = (node.output ?? []).map(renamed)
      }
      for (const each of [...initializers, ...(graph.output ?? [])]) each.name = renamed(each.name ?? '')
      return true
    },
  }
}

/** Operators that take other operands, make other shapes, take long or take much memory. */
const operators = [
  ...['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Add', 'Mul', 'Relu', 'Sigmoid', 'Softmax', 'Reshape', 'Flatten'],
  ...[
    'Transpose',
    'Squeeze',
    'Unsqueeze',
    'Concat',
    'Split',
    'Slice',
    'Gather',
    'GatherND',
    'ScatterND',
    'Expand',
    'Tile',
  ],
  ...[
    'ConstantOfShape',
    'Range',
    'Pad',
    'Resize',
    'OneHot',
    'NonZero',
    'TopK',
    'CumSum',
    'EyeLike',
    'Where',
    'Shape',
    'Cast',
  ],
  ...[
    'MaxPool',
    'AveragePool',
    'GlobalAveragePool',
    'BatchNormalization',
    'LayerNormalization',
    'InstanceNormalization',
  ],
  ...[
    'LSTM',
    'GRU',
    'RNN',
    'If',
    'Loop',
    'Scan',
    'Constant',
    'Identity',
    'Dropout',
    'Einsum',
    'DepthToSpace',
    'ReduceSum',
  ],
  ...['QuantizeLinear', 'DequantizeLinear', 'QLinearConv', 'QLinearMatMul', 'MatMulInteger', 'ConvInteger'],
  ...['SequenceConstruct', 'SequenceAt', 'Optional', 'StringNormalizer', 'RandomNormal', 'Multinomial', 'RoiAlign'],
]

const attributeNames = [
  ...[
    'axis',
    'axes',
    'perm',
    'pads',
    'strides',
    'dilations',
    'kernel_shape',
    'group',
    'output_shape',
    'output_padding',
  ],
  ...[
    'to',
    'keepdims',
    'transA',
    'transB',
    'epsilon',
    'allowzero',
    'block_size',
    'blocksize',
    'ceil_mode',
    'storage_order',
  ],
  ...['shape', 'value_ints', 'value_int', 'num_outputs', 'hidden_size', 'auto_pad', 'mode', 'k', 'largest'],
]
