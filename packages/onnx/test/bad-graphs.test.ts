import { describe, expect, it } from 'vitest'
import { readModel } from '../src/index.ts'
import { DataType, file, type GraphParts, integerAttribute, integers, node, tensor, value } from './graph-builder.ts'

const exportAgain = 'Export or download the model again.'
const check = 'Check the file with onnx.checker, then export or download it again.'

interface Refusal {
  readonly parts: GraphParts
  readonly code?: 'model' | 'engine'
  /** The sentence, or how it starts where the runtime's own words follow. */
  readonly message: string
  readonly hint: string
}

const weight = tensor('weight', [4, 3])
const hidden = node('MatMul', ['images', 'weight'], 'hidden')

const refusals: Record<string, Refusal> = {
  'no layers': {
    parts: { nodes: [node('Softmax', ['images'], 'scores')], initializers: [] },
    message: 'bad has no layers: no Conv, ConvTranspose, Gemm or MatMul with a learned float32 weight.',
    hint: 'Loadbearing measures networks that learn by these.',
  },
  'layers of another type alone': {
    parts: {
      inputs: [value('images', ['n', 4], DataType.DOUBLE)],
      initializers: [{ name: 'weight', dims: [4, 3], dataType: DataType.DOUBLE, rawData: new Uint8Array(96) }],
    },
    message: 'bad has no layers: no Conv, ConvTranspose, Gemm or MatMul with a learned float32 weight.',
    hint: 'Its weights are of another type; export it in float32.',
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
    hint: 'Layer importance is measured as accuracy lost, so the model must give one score a class.',
  },
  'one number as its output': {
    parts: { initializers: [tensor('weight', [4, 1])] },
    message:
      "bad is no classifier: none of its outputs is [batch, classes] in float32, but 'scores' [batch, 1] in float32.",
    hint: 'Layer importance is measured as accuracy lost, so the model must give one score a class.',
  },
  'a class as its output, and no scores': {
    parts: { nodes: [hidden, node('ArgMax', ['hidden'], 'scores', axis(1))] },
    message:
      "bad is no classifier: none of its outputs is [batch, classes] in float32, but 'scores' [batch, 1] in int64.",
    hint: 'Layer importance is measured as accuracy lost, so the model must give one score a class.',
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
    hint: 'Layer importance is measured as accuracy lost, so the model must give one score a class.',
  },
  'a batch fixed at one within': {
    parts: {
      initializers: [weight, integers('shape', [1, 4])],
      nodes: [node('Reshape', ['images', 'shape'], 'one'), node('MatMul', ['one', 'weight'], 'scores')],
    },
    message: 'bad works on one example at a time: its batch is fixed inside the graph.',
    hint: 'Export the model with a dynamic batch dimension.',
  },
  'a batch fixed at one at the end': {
    parts: {
      initializers: [weight, integers('shape', [1, -1])],
      nodes: [hidden, node('Reshape', ['hidden', 'shape'], 'scores')],
    },
    message: 'bad works on one example at a time: its batch is fixed inside the graph.',
    hint: 'Export the model with a dynamic batch dimension.',
  },
  'a batch fixed at eight': {
    parts: {
      inputs: [value('images', [8, 4])],
      initializers: [weight, integers('shape', [8, 4])],
      nodes: [node('Reshape', ['images', 'shape'], 'eight'), node('MatMul', ['eight', 'weight'], 'scores')],
    },
    message: 'bad works on 8 examples at a time: its batch is fixed inside the graph.',
    hint: 'Export the model with a dynamic batch dimension.',
  },
  'integer images': {
    parts: {
      inputs: [value('images', ['n', 4], DataType.UINT8)],
      nodes: [node('Cast', ['images'], 'cast', castTo(DataType.FLOAT)), node('MatMul', ['cast', 'weight'], 'scores')],
    },
    message: "The input 'images' of bad is in uint8, not in float32.",
    hint: 'Export the model with a float32 input.',
  },
  'images in half precision': {
    parts: {
      inputs: [value('images', ['n', 4], DataType.FLOAT16)],
      nodes: [node('Cast', ['images'], 'cast', castTo(DataType.FLOAT)), node('MatMul', ['cast', 'weight'], 'scores')],
    },
    message: "The input 'images' of bad is in float16, not in float32.",
    hint: 'Export the model with a float32 input.',
  },
  'images of unknown type': {
    parts: { inputs: [{ name: 'images' }] },
    message: "The input 'images' of bad is in an unknown type, not in float32.",
    hint: 'Export the model with a float32 input.',
  },
  'images of an open size': {
    parts: { inputs: [value('images', ['n', 4, 'height', 8])] },
    message: "Dimension 2 of the input 'images' of bad is open ('height'); only the batch may be.",
    hint: 'Export the model with a fixed input size.',
  },
  'images without a shape': {
    parts: { inputs: [value('images', ['n'])] },
    message: "The input 'images' of bad declares no shape [batch, …].",
    hint: 'Export the model with a fixed input size.',
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
    hint: 'Export the model with standard operators (opset 7 to 21).',
  },
  'an operator that the standard lacks': {
    parts: { nodes: [hidden, node('Quantum', ['hidden'], 'scores')] },
    code: 'engine',
    message: 'onnxruntime cannot run bad: it has no operator Quantum. It says: ',
    hint: 'Export the model with standard operators (opset 7 to 21).',
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
  'two nodes of one name': {
    parts: { nodes: [{ ...hidden, name: 'same' }, node('Relu', ['hidden'], 'scores', { name: 'same' })] },
    message: 'onnxruntime does not accept bad: ',
    hint: check,
  },
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

it('a batch that is declared as fixed, but is not, is no hindrance', async () => {
  const { input, output } = await readModel(file({ inputs: [value('images', [1, 4])] }), { name: 'fixed' })
  expect(input).toEqual({ name: 'images', shape: [4], batch: 1 })
  expect(output.classes).toBe(3)
})
