import type { onnx } from 'onnx-proto'
import { describe, expect, it } from 'vitest'
import { openSuffixes, readModel } from '../src/index.ts'
import {
  AttributeType,
  DataType,
  file,
  type GraphParts,
  integerAttribute,
  integers,
  node,
  proto,
  tensor,
  value,
} from './graph-builder.ts'

const exportAgain = 'Export or download the model again.'
const check = 'Check the file with onnx.checker, then export or download it again.'

const forInference = 'Export the model for inference: model.eval() in PyTorch, training=False in TensorFlow.'

interface Refusal {
  readonly parts: GraphParts
  readonly code?: 'model' | 'engine'
  /** The sentence, or how it starts where the runtime's own words follow. */
  readonly message: string
  readonly hint: string
}

const weight = tensor('weight', [4, 3])
const hidden = node('MatMul', ['images', 'weight'], 'hidden')

const inline = 'Inline the functions: onnx.inliner.inline_local_functions(model).'

/** A function of a domain of its own, as a file carries it, of two calls of another operator. */
function calling(name: string, opType: string, domain = 'my.own'): onnx.IFunctionProto {
  const call = (input: string, output: string): onnx.INodeProto => ({
    opType,
    domain,
    input: [input],
    output: [output],
  })
  const opsetImport = ['', 'my.own'].map((own) => ({ domain: own, version: 13 }))
  return {
    name,
    domain: 'my.own',
    input: ['x'],
    output: ['y'],
    node: [call('x', 'once'), call('once', 'y')],
    opsetImport,
  }
}

/** A graph in a graph, and so on. */
function nested(depth: number): onnx.IGraphProto {
  const inner: onnx.INodeProto[] =
    depth === 0
      ? [node('Identity', ['images'], 'inside')]
      : [
          {
            ...node('If', ['yes'], 'inside'),
            attribute: [{ name: 'then_branch', type: AttributeType.GRAPH, g: nested(depth - 1) }],
          },
        ]
  return { name: 'inner', node: inner, output: [{ name: 'inside' }] }
}

const refusals: Record<string, Refusal> = {
  'functions that call each other in a circle': {
    parts: {
      nodes: [hidden, { ...node('F', ['hidden'], 'scores'), domain: 'my.own' }],
      functions: [calling('F', 'G'), calling('G', 'F')],
      domains: ['my.own'],
    },
    message: 'The functions of bad call each other in a circle.',
    hint: inline,
  },
  'functions that grow beyond all memory': {
    parts: {
      nodes: [hidden, { ...node('F30', ['hidden'], 'scores'), domain: 'my.own' }],
      functions: [calling('F0', 'Relu', ''), ...Array.from({ length: 30 }, (_, i) => calling(`F${i + 1}`, `F${i}`))],
      domains: ['my.own'],
    },
    message: 'The functions of bad come to more than 1000000 nodes once every call is written out.',
    hint: inline,
  },
  'graphs within graphs without end': {
    parts: {
      nodes: [
        hidden,
        {
          ...node('If', ['yes'], 'scores'),
          attribute: [{ name: 'then_branch', type: AttributeType.GRAPH, g: nested(40) }],
        },
      ],
    },
    message: 'bad has graphs within graphs, more than 32 deep.',
    hint: exportAgain,
  },
  'a tensor whose name JavaScript keeps for itself': {
    parts: { nodes: [node('MatMul', ['images', 'weight'], '__proto__'), node('Relu', ['__proto__'], 'scores')] },
    message: "bad has a tensor of the name '__proto__', which JavaScript keeps for itself.",
    hint: 'Give the tensor another name.',
  },
  'a batch that no memory holds': {
    parts: { inputs: [value('images', [2 ** 30, 4])] },
    message: "The input 'images' of bad declares [1073741824, 4]: 4294967296 values at a time.",
    hint: 'Export the model with a dynamic batch dimension, or a smaller batch.',
  },
  'no layers': {
    parts: { nodes: [node('Softmax', ['images'], 'scores')], initializers: [] },
    message: 'bad has no layers: no Conv, ConvTranspose, Gemm or MatMul with a learned weight.',
    hint: 'Loadbearing measures networks that learn by these.',
  },
  'layers in bfloat16 alone': {
    parts: {
      inputs: [value('images', ['n', 4])],
      initializers: [{ name: 'weight', dims: [4, 3], dataType: DataType.BFLOAT16, rawData: new Uint8Array(24) }],
    },
    message:
      "bad has no layers: 'weight' makes none: onnxruntime cannot run weights of type bfloat16, as MatMul 'scores_node' reads them.",
    hint: 'Export the model in float32.',
  },
  'layers that never reach the class scores': {
    parts: { nodes: [hidden, node('Relu', ['images'], 'scores')] },
    message: "bad has no layers: none that reaches the class scores 'scores'.",
    hint: 'Loadbearing measures networks that learn by these.',
  },
  'an image as its output': {
    parts: {
      inputs: [value('images', ['n', 3, 8, 8])],
      initializers: [tensor('weight', [3, 3, 1, 1])],
      nodes: [node('Conv', ['images', 'weight'], 'scores')],
    },
    message:
      "bad is no classifier: none of its outputs is [batch, classes] in float32, but 'scores' [batch, 3, 8, 8] in float32.",
    hint: 'Layer importance is measured as accuracy lost, so the model must give one score a class, or one probability by a Sigmoid.',
  },
  'one number as its output': {
    parts: { initializers: [tensor('weight', [4, 1])] },
    message:
      "bad is no classifier: none of its outputs is [batch, classes] in float32, but 'scores' [batch, 1] in float32.",
    hint: 'Layer importance is measured as accuracy lost, so the model must give one score a class, or one probability by a Sigmoid.',
  },
  'a class as its output, and no scores': {
    parts: { nodes: [hidden, node('ArgMax', ['hidden'], 'scores', axis(1))] },
    message:
      "bad is no classifier: none of its outputs is [batch, classes] in float32, but 'scores' [batch, 1] in int64.",
    hint: 'Layer importance is measured as accuracy lost, so the model must give one score a class, or one probability by a Sigmoid.',
  },
  'two outputs of class scores': {
    parts: { nodes: [hidden, node('Relu', ['hidden'], 'scores')], outputs: [{ name: 'scores' }, { name: 'hidden' }] },
    message: "bad has 2 outputs that may be its class scores: 'scores', 'hidden'.",
    hint: 'Export the model with the class scores as its only output.',
  },
  'more examples out than in': {
    parts: { nodes: [hidden, node('Concat', ['hidden', 'hidden'], 'scores', axis(0))] },
    message:
      "bad is no classifier: none of its outputs is [batch, classes] in float32, but 'scores' [batchx2, 3] in float32.",
    hint: 'Layer importance is measured as accuracy lost, so the model must give one score a class, or one probability by a Sigmoid.',
  },
  'words as its input': {
    parts: { inputs: [value('images', ['n', 4], DataType.STRING)] },
    message: "The input 'images' of bad is in string, not in float32, float16, float64, int64, int32 or uint8.",
    hint: 'Export the model with a float32 input.',
  },
  'images of unknown type': {
    parts: { inputs: [{ name: 'images' }] },
    message:
      "The input 'images' of bad is in an unknown type, not in float32, float16, float64, int64, int32 or uint8.",
    hint: 'Export the model with a float32 input.',
  },
  'images of an open size': {
    parts: { inputs: [value('images', ['n', 4, 'height', 8])] },
    message: "Dimension 2 of the input 'images' of bad is open ('height'); only the batch may be.",
    hint: 'Give the shape of one example, [4, height, 8] with numbers for names, or export with a fixed input size.',
  },
  'images without a shape': {
    parts: { inputs: [value('images', ['n'])] },
    message: "The input 'images' of bad declares no shape [batch, …].",
    hint: 'Export the model with a fixed input size, or give the shape of one example.',
  },
  'images of an enormous size': {
    parts: { inputs: [value('images', ['n', 1e9, 1e9, 4])] },
    message: "The input 'images' of bad declares [1000000000, 1000000000, 4]: 4000000000000000000 values an example.",
    hint: 'Export the model with the input size that it was trained on.',
  },
  'activations of an enormous size': {
    parts: {
      initializers: [weight, integers('shape', [1e6, 1e7])],
      nodes: [
        hidden,
        node('ConstantOfShape', ['shape'], 'enormous'),
        node('ReduceSum', ['enormous'], 'sum'),
        node('Add', ['hidden', 'sum'], 'scores'),
      ],
    },
    code: 'engine',
    message: 'onnxruntime failed on bad: ',
    hint: check,
  },
  'two inputs': {
    parts: {
      inputs: [value('images', ['n', 4]), value('mask', ['n', 4])],
      nodes: [node('Mul', ['images', 'mask'], 'masked'), node('MatMul', ['masked', 'weight'], 'scores')],
    },
    message: "bad has 2 inputs ('images', 'mask'); a classifier of one input is needed.",
    hint: 'Export the model with the images as its only input.',
  },
  'a mask of another shape': {
    parts: {
      inputs: [value('images', ['n', 4]), value('attention_mask', ['n', 1, 4, 4], DataType.INT64)],
      nodes: [
        hidden,
        node('Cast', ['attention_mask'], 'cast', castTo(DataType.FLOAT)),
        node('ReduceSum', ['cast'], 'sum'),
        node('Add', ['hidden', 'sum'], 'scores'),
      ],
    },
    message:
      "The input 'attention_mask' of bad [1, 4, 4] in int64 cannot be filled: it has not the shape of 'images' [4].",
    hint: "Export the model with 'images' as its only input.",
  },
  'no inputs': {
    parts: {
      inputs: [],
      nodes: [node('Relu', ['weight'], 'made'), node('Conv', ['made', 'filter'], 'scores')],
      initializers: [weight, tensor('filter', [1, 1, 1])],
    },
    message: 'bad has 0 inputs; a classifier of one input is needed.',
    hint: 'Export the model with the images as its only input.',
  },
  'an operator of a domain that the runtime lacks': {
    parts: { domains: ['my.own'], nodes: [hidden, node('Quantum', ['hidden'], 'scores', { domain: 'my.own' })] },
    code: 'engine',
    message: 'onnxruntime cannot run bad: it has no operator my.own:Quantum. It says: ',
    hint: 'Export the model with standard operators (opset 7 to 26).',
  },
  'operators of a version that is not out yet': {
    parts: { opset: 1000 },
    code: 'engine',
    message: 'bad is of a newer opset than onnxruntime knows, which is 26.',
    hint: 'Export the model with opset 26 or older.',
  },
  'an operator that the standard lacks': {
    parts: { nodes: [hidden, node('Quantum', ['hidden'], 'scores')] },
    code: 'engine',
    message: 'onnxruntime cannot run bad: it has no operator Quantum. It says: ',
    hint: 'Export the model with standard operators (opset 7 to 26).',
  },
  'an operator that the runtime has for no such type': {
    parts: {
      nodes: [
        hidden,
        node('Cast', ['hidden'], 'cast', castTo(DataType.BFLOAT16)),
        node('Selu', ['cast'], 'selu'),
        node('Cast', ['selu'], 'scores', castTo(DataType.FLOAT)),
      ],
    },
    message: 'onnxruntime does not accept bad: ',
    hint: check,
  },
  'a domain that it does not import': {
    parts: { nodes: [hidden, node('Quantum', ['hidden'], 'scores', { domain: 'my.own' })] },
    message: 'onnxruntime does not accept bad: ',
    hint: check,
  },
  'shapes that do not fit': {
    parts: { inputs: [value('images', ['n', 5])] },
    message: 'onnxruntime does not accept bad: ',
    hint: check,
  },
  'nodes in a circle': {
    parts: {
      nodes: [hidden, node('Add', ['hidden', 'scores'], 'sum'), node('Relu', ['sum'], 'scores')],
    },
    message: 'bad is damaged: some of its nodes wait for each other in a circle.',
    hint: exportAgain,
  },
  'a node that waits for itself': {
    parts: { nodes: [hidden, node('Add', ['hidden', 'scores'], 'scores')] },
    message: 'bad is damaged: some of its nodes wait for each other in a circle.',
    hint: exportAgain,
  },
  'a tensor that nothing makes': {
    parts: { nodes: [hidden, node('Add', ['hidden', 'lost'], 'scores')] },
    message: "bad is damaged: node 'scores_node' (Add) reads 'lost', which nothing makes.",
    hint: exportAgain,
  },
  'an output that nothing makes': {
    parts: { outputs: [{ name: 'lost' }] },
    message: "bad is damaged: nothing makes its output 'lost'.",
    hint: exportAgain,
  },
  'no output': {
    parts: { outputs: [] },
    message: 'bad is damaged: it has no output.',
    hint: exportAgain,
  },
  'two initializers of one name': {
    parts: { initializers: [weight, weight] },
    message: "bad is damaged: two tensors have the name 'weight'.",
    hint: exportAgain,
  },
  'two activations of one name': {
    parts: { nodes: [node('MatMul', ['images', 'weight'], 'scores'), node('Relu', ['images'], 'scores')] },
    message: "bad is damaged: two tensors have the name 'scores'.",
    hint: exportAgain,
  },
  'random numbers in its scores': {
    parts: {
      nodes: [hidden, node('RandomNormalLike', ['hidden'], 'noise'), node('Add', ['hidden', 'noise'], 'scores')],
    },
    message: "bad gives other scores each time it runs: RandomNormalLike 'noise_node' draws random numbers.",
    hint: forInference,
  },
  'random numbers in a branch': {
    parts: {
      nodes: [
        hidden,
        node('ReduceMax', ['hidden'], 'highest', { attribute: [integerAttribute('keepdims', 0)] }),
        node('Cast', ['highest'], 'chosen', castTo(DataType.BOOL)),
        node('If', ['chosen'], 'scores', {
          attribute: [
            branch('then_branch', node('Bernoulli', ['hidden'], 'drawn')),
            branch('else_branch', node('Neg', ['hidden'], 'negative')),
          ],
        }),
      ],
      opset: 15,
    },
    message: "bad gives other scores each time it runs: If 'scores_node' draws random numbers.",
    hint: forInference,
  },
  'random numbers in a function': {
    parts: {
      domains: ['my.own'],
      nodes: [hidden, node('Shaken', ['hidden'], 'scores', { domain: 'my.own' })],
      functions: [
        {
          name: 'Shaken',
          domain: 'my.own',
          input: ['x'],
          output: ['y'],
          node: [node('RandomUniformLike', ['x'], 'noise'), node('Add', ['x', 'noise'], 'y')],
          opsetImport: [{ domain: '', version: 13 }],
        },
      ],
    },
    message: "bad gives other scores each time it runs: my.own.Shaken 'scores_node' draws random numbers.",
    hint: forInference,
  },
  'a Dropout that trains': {
    parts: {
      nodes: [hidden, node('Dropout', ['hidden', 'ratio', 'trains'], 'scores')],
      initializers: [
        weight,
        tensor('ratio', [], [0.5]),
        { name: 'trains', dims: [], dataType: DataType.BOOL, rawData: new Uint8Array([1]) },
      ],
    },
    message:
      "bad gives other scores each time it runs: Dropout 'scores_node' draws random numbers, as its training_mode is on.",
    hint: forInference,
  },
  'two nodes of one name': {
    parts: { nodes: [{ ...hidden, name: 'same' }, node('Relu', ['hidden'], 'scores', { name: 'same' })] },
    message: 'onnxruntime does not accept bad: ',
    hint: check,
  },
}

function branch(name: string, made: onnx.INodeProto): onnx.IAttributeProto {
  const g = { name, node: [made], output: [value(made.output![0]!, ['n', 3])] }
  return { name, type: AttributeType.GRAPH, g }
}

function axis(i: number) {
  return { attribute: [integerAttribute('axis', i)] }
}

function castTo(type: number) {
  return { attribute: [integerAttribute('to', type)] }
}

describe('a graph is refused that has', () => {
  it.each(Object.entries(refusals))('%s', async (_, { parts, code = 'model', message, hint }) => {
    const sentence = message.endsWith('.') ? message : (expect.stringContaining(message) as string)
    await expect(readModel(file(parts), { name: 'bad' })).rejects.toMatchObject({ code, message: sentence, hint })
  })
})

it('random numbers are no hindrance where they do not reach the class scores', async () => {
  const bytes = file({
    nodes: [node('MatMul', ['images', 'weight'], 'scores'), node('RandomNormalLike', ['scores'], 'noise')],
    outputs: [{ name: 'scores' }],
  })
  expect((await readModel(bytes, { name: 'aside' })).layers).toHaveLength(1)
})

describe('a function of the model', () => {
  const doubling = {
    name: 'Doubled',
    domain: 'my.own',
    input: ['x'],
    output: ['y'],
    node: [node('Add', ['x', 'x'], 'y')],
    opsetImport: [{ domain: '', version: 13 }],
  }
  const bytes = file({
    domains: ['my.own'],
    nodes: [hidden, node('Doubled', ['hidden'], 'scores', { domain: 'my.own' })],
    functions: [doubling],
  })

  it('is called behind the layers', async () => {
    const model = await readModel(bytes, { name: 'calls' })
    const engine = await openSuffixes(model)
    await engine.advance({ shape: [1, 4], data: new Float32Array([1, 2, 3, 4]) })
    const [layer] = model.layers
    expect([...(await engine.run(layer!, model.weight(layer!))).data]).toEqual([20, 20, 20])
    await engine.release()
  })

  it.each([
    // Field 11 of a function, attribute_proto: an attribute with its name; field 13, overload: a string.
    ['defaults for its attributes', [0x5a, 0x03, 0x0a, 0x01, 0x61]],
    ['overloads', [0x6a, 0x01, 0x62]],
  ])('is refused with %s', async (what, more) => {
    const model = proto.ModelProto.decode(bytes)
    const body = Buffer.concat([proto.FunctionProto.encode(model.functions[0]!).finish(), Buffer.from(more)])
    model.functions = []
    // Field 25 of a model: tag (25 << 3 | 2) as a varint of two bytes.
    const changed = Buffer.concat([
      proto.ModelProto.encode(model).finish(),
      Buffer.from([0xca, 0x01, body.length]),
      body,
    ])
    await expect(readModel(changed, { name: 'bad' })).rejects.toMatchObject({
      code: 'model',
      message: `The function 'Doubled' of bad has ${what}, which are not read yet.`,
      hint: 'Inline the functions: onnx.inliner.inline_local_functions(model).',
    })
  })
})
