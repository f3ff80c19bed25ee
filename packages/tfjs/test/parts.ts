import { type AttributeValue, drawn, type Part, type TestNode } from './graph-builder.ts'

type Attributes = Readonly<Record<string, AttributeValue>>

/** One node from 'a' to 'y' that reads nothing else. */
function alone(op: string, shape: readonly number[], attributes: Attributes = {}, opset?: number): Part {
  const told = Object.entries(attributes).map(
    ([name, value]) => `${name} ${typeof value === 'object' ? Object.values(value).join('×') : value}`,
  )
  return {
    name: [op, ...told, ...(opset === undefined ? [] : [`opset ${opset}`])].join(', '),
    shape,
    nodes: [[op, ['a'], 'y', attributes]],
    ...(opset === undefined ? {} : { opset }),
  }
}

function conv(name: string, shape: readonly number[], filter: readonly number[], attributes: Attributes): Part {
  return {
    name: `Conv ${name}`,
    shape,
    nodes: [['Conv', ['a', 'filter', 'bias'], 'y', attributes]],
    constants: { filter: drawn('filter', filter, 0.3), bias: drawn('bias', [filter[0]!]) },
  }
}

function transposed(name: string, filter: readonly number[], attributes: Attributes): Part {
  return {
    name: `ConvTranspose ${name}`,
    shape: [4, 5, 6],
    nodes: [['ConvTranspose', ['a', 'filter'], 'y', attributes]],
    constants: { filter: drawn('filter', filter, 0.3) },
  }
}

/** One node from 'a' and constants to 'y'. */
function withConstants(
  op: string,
  shape: readonly number[],
  constants: Exclude<Part['constants'], undefined>,
  attributes: Attributes = {},
  about = '',
): Part {
  return {
    name: about ? `${op} ${about}` : op,
    shape,
    nodes: [[op, ['a', ...Object.keys(constants)], 'y', attributes]],
    constants,
  }
}

const image = [4, 7, 8]
const scalar = (value: number) => ({ shape: [], data: Float32Array.of(value) })
/** Positive numbers. */
const positive: TestNode = ['Exp', ['a'], 'p']

/** A small graph for every operator, and for every way in which its attributes change what it does. */
export const parts: readonly Part[] = [
  conv('of one pixel', image, [5, 4, 1, 1], {}),
  conv('with padding', image, [5, 4, 3, 3], { pads: [1, 1, 1, 1] }),
  conv('with asymmetric padding', image, [5, 4, 3, 2], { pads: [0, 1, 2, 0] }),
  conv('with stride', image, [5, 4, 3, 3], { pads: [1, 1, 1, 1], strides: [2, 2] }),
  conv('with two strides', image, [5, 4, 3, 3], { strides: [1, 3] }),
  conv('dilated', image, [5, 4, 3, 3], { dilations: [2, 2], pads: [2, 2, 2, 2] }),
  conv('grouped', image, [6, 2, 3, 3], { group: 2, pads: [1, 1, 1, 1] }),
  conv('depthwise', image, [4, 1, 3, 3], { group: 4, pads: [1, 1, 1, 1], strides: [2, 2] }),
  conv('depthwise, two filters a channel', image, [8, 1, 3, 3], { group: 4, pads: [1, 0, 1, 2] }),
  conv('depthwise with two strides', image, [4, 1, 3, 3], { group: 4, strides: [2, 1] }),
  conv('depthwise, dilated', image, [4, 1, 3, 3], { group: 4, dilations: [2, 1] }),
  conv('padded as SAME_UPPER', image, [5, 4, 3, 4], { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  conv('padded as SAME_LOWER', image, [5, 4, 3, 4], { auto_pad: 'SAME_LOWER', strides: [2, 2] }),
  conv('of a sequence', [4, 9], [5, 4, 3], { pads: [1, 0], strides: [2], dilations: [2] }),
  transposed('plain', [4, 3, 3, 3], {}),
  transposed('with stride and padding', [4, 3, 3, 3], { strides: [2, 2], pads: [1, 0, 1, 1], output_padding: [1, 1] }),
  transposed('grouped', [4, 2, 3, 3], { group: 2, strides: [2, 1] }),
  transposed('dilated', [4, 3, 2, 3], { dilations: [2, 2] }),
  transposed('padded as SAME_UPPER', [4, 3, 3, 3], { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  transposed('of a wanted shape', [4, 3, 3, 3], { output_shape: [10, 12], strides: [2, 2] }),
  withConstants(
    'Gemm',
    [6],
    { b: drawn('b', [6, 4]), c: drawn('c', [4]) },
    { alpha: { float: 0.5 }, beta: { float: 2 } },
  ),
  withConstants('Gemm', [6], { b: drawn('b', [4, 6]) }, { transB: 1 }, 'transposed, without bias'),
  withConstants('MatMul', [3, 6], { b: drawn('b', [6, 4]) }),
  withConstants('MatMul', [3, 2, 6], { b: drawn('b', [3, 6, 4]) }, {}, 'of stacks, broadcast'),
  {
    name: 'MatMul of what two nodes make',
    shape: [3, 5],
    nodes: [
      ['Transpose', ['a'], 't', { perm: [0, 2, 1] }],
      ['MatMul', ['a', 't'], 'y'],
    ],
  },
  withConstants('BatchNormalization', image, {
    scale: drawn('scale', [4]),
    shift: drawn('shift', [4]),
    mean: drawn('mean', [4]),
    variance: { shape: [4], data: Float32Array.of(0.5, 1, 2, 3) },
  }),
  withConstants('LayerNormalization', [3, 6], { scale: drawn('scale', [6]), shift: drawn('shift', [6]) }),
  {
    name: 'LayerNormalization of two axes',
    shape: [3, 6],
    nodes: [['LayerNormalization', ['a', 'scale'], 'y', { axis: 1, epsilon: { float: 0.01 } }]],
    constants: { scale: drawn('scale', [3, 6]) },
  },
  alone('Relu', image),
  alone('LeakyRelu', image, { alpha: { float: 0.2 } }),
  alone('Elu', image),
  alone('Elu', image, { alpha: { float: 0.5 } }),
  withConstants('PRelu', image, { slope: drawn('slope', [4, 1, 1]) }),
  withConstants('Clip', image, { low: scalar(-0.5), high: scalar(0.7) }),
  alone('Clip', image, { min: { float: -0.5 }, max: { float: 0.7 } }, 6),
  alone('Sigmoid', image),
  alone('HardSigmoid', image, { alpha: { float: 0.3 } }),
  alone('HardSwish', image),
  alone('Softplus', image),
  alone('Tanh', image),
  alone('Erf', image),
  alone('Gelu', image, {}, 20),
  alone('Gelu', image, { approximate: 'tanh' }, 20),
  alone('Softmax', [3, 6]),
  alone('Softmax', [3, 6], { axis: 1 }),
  alone('Softmax', [3, 6], { axis: 1 }, 11),
  alone('LogSoftmax', [3, 6]),
  alone('MaxPool', image, { kernel_shape: [2, 2], strides: [2, 2] }),
  alone('MaxPool', image, { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  alone('MaxPool', image, { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 }),
  alone('MaxPool', image, { kernel_shape: [2, 3], dilations: [2, 2] }),
  alone('MaxPool', [4, 9], { kernel_shape: [3], strides: [2] }),
  alone('AveragePool', image, { kernel_shape: [2, 2], strides: [2, 2] }),
  alone('AveragePool', image, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  alone('AveragePool', image, { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }),
  alone('AveragePool', image, { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 }),
  alone('GlobalAveragePool', image),
  alone('GlobalMaxPool', image),
  withConstants('Add', image, { b: drawn('b', [4, 1, 1]) }),
  withConstants('Sub', image, { b: drawn('b', [8]) }),
  withConstants('Mul', image, { b: drawn('b', [1, 4, 7, 1]) }),
  withConstants('Div', image, { b: scalar(-0.4) }),
  { name: 'Pow', shape: image, nodes: [['Pow', ['a', 'b'], 'y']], constants: { b: scalar(3) } },
  { name: 'Sqrt', shape: image, nodes: [positive, ['Sqrt', ['p'], 'y']] },
  { name: 'Log', shape: image, nodes: [positive, ['Log', ['p'], 'l'], ['Mul', ['l', 'p'], 'y']] },
  { name: 'Reciprocal', shape: image, nodes: [positive, ['Reciprocal', ['p'], 'y']] },
  alone('Neg', image),
  alone('Abs', image),
  alone('Exp', image),
  withConstants('Min', image, { b: drawn('b', [8]) }),
  withConstants('Max', image, { b: drawn('b', [8]), c: drawn('c', [7, 1]) }),
  withConstants('Sum', image, { b: drawn('b', [8]), c: drawn('c', [7, 1]) }),
  {
    name: 'Where, Greater, Less and Not',
    shape: image,
    nodes: [
      ['Greater', ['a', 'b'], 'g'],
      ['Less', ['a', 'b'], 'l'],
      ['Not', ['g'], 'n'],
      ['Where', ['n', 'a', 'b'], 'w'],
      ['Where', ['l', 'w', 'b'], 'y'],
    ],
    constants: { b: drawn('b', [8]) },
  },
  ...[
    'ReduceMean',
    'ReduceSum',
    'ReduceMax',
    'ReduceMin',
    'ReduceProd',
    'ReduceL1',
    'ReduceL2',
    'ReduceSumSquare',
    'ReduceLogSumExp',
  ].flatMap((op) => [
    alone(op, [3, 4, 2], { axes: [1, 3] }, 11),
    alone(op, [3, 4, 2], { axes: [-1], keepdims: 0 }, 11),
  ]),
  withConstants('ReduceSum', [3, 4], { axes: [2] }, { keepdims: 0 }, 'with axes as an input'),
  { name: 'ReduceLogSum', shape: [3, 4], nodes: [positive, ['ReduceLogSum', ['p'], 'y', { axes: [2] }]], opset: 13 },
  {
    name: 'ReduceMean of a convolution',
    shape: image,
    nodes: [
      ['Conv', ['a', 'filter'], 'c'],
      ['ReduceMean', ['c'], 'y', { axes: [2, 3], keepdims: 0 }],
    ],
    constants: { filter: drawn('filter', [5, 4, 3, 3]) },
    opset: 13,
  },
  {
    name: 'Concat, Split and Slice',
    shape: image,
    nodes: [
      ['Split', ['a', 'sizes'], ['s', 't'], { axis: 1 }],
      ['Concat', ['t', 's', 's'], 'c', { axis: 1 }],
      ['Slice', ['c', 'starts', 'ends', 'axes', 'steps'], 'y'],
    ],
    constants: { sizes: [1, 3], starts: [1, -1], ends: [100, -100], axes: [1, 3], steps: [1, -2] },
  },
  {
    name: 'Concat of convolutions',
    shape: image,
    nodes: [
      ['Conv', ['a', 'filter'], 'c'],
      ['Relu', ['c'], 'r'],
      ['Concat', ['c', 'r'], 'y', { axis: 1 }],
    ],
    constants: { filter: drawn('filter', [5, 4, 3, 3]) },
  },
  {
    name: 'Split in even parts',
    shape: [6, 2],
    nodes: [
      ['Split', ['a'], ['s', 't'], { axis: 1 }],
      ['Mul', ['s', 't'], 'y'],
    ],
    opset: 13,
  },
  withConstants('Pad', image, { pads: [0, 0, 1, 2, 0, 0, 0, -1], value: scalar(0.5) }),
  withConstants('Pad', image, { pads: [0, 0, 2, 1, 0, 0, 3, 2] }, { mode: 'reflect' }, 'reflect'),
  withConstants('Pad', image, { pads: [0, 0, 2, 1, 0, 0, 3, 2] }, { mode: 'edge' }, 'edge'),
  withConstants('Reshape', image, { target: [0, -1, 7] }),
  {
    name: 'Flatten',
    shape: image,
    nodes: [
      ['Flatten', ['a'], 'f', { axis: 2 }],
      ['Reshape', ['f', 'rows'], 'y'],
    ],
    constants: { rows: [-1, 224] },
  },
  alone('Transpose', image, { perm: [0, 3, 1, 2] }),
  {
    name: 'Squeeze and Unsqueeze',
    shape: [4],
    nodes: [
      ['Unsqueeze', ['a', 'some'], 'u'],
      ['Relu', ['u'], 'r'],
      ['Squeeze', ['r', 'one'], 'y'],
    ],
    constants: { some: [1, -1], one: [-1] },
  },
  withConstants('Expand', [1, 4], { target: [1, 3, 4] }),
  withConstants('Tile', [2, 4], { repeats: [1, 2, 1] }),
  withConstants('Gather', image, { indices: [2, 0, -1, 2] }, { axis: 2 }),
  {
    name: 'Gather of one place',
    shape: [5, 3],
    nodes: [['Gather', ['a', 'place'], 'y', { axis: 1 }]],
    constants: { place: [-2] },
  },
  {
    name: 'shape arithmetic',
    shape: image,
    nodes: [
      ['Shape', ['a'], 's'],
      ['Gather', ['s', 'zero'], 'n'],
      ['Gather', ['s', 'last'], 'w'],
      ['Mul', ['w', 'four'], 'm'],
      ['Div', ['m', 'two'], 'd'],
      ['Concat', ['n', 'd', 'minus'], 'target', { axis: 0 }],
      ['Cast', ['target'], 'cast', { to: 7 }],
      ['Reshape', ['a', 'cast'], 'y'],
    ],
    constants: { zero: [0], last: [3], four: [4], two: [2], minus: [-1] },
  },
  ...[
    { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    { mode: 'nearest' },
    { mode: 'linear' },
    { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
    { mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' },
  ].map((attributes): Part => ({
    name: `Resize ${Object.values(attributes).join(', ')}`,
    shape: [2, 4, 5],
    nodes: [['Resize', ['a', '', 'scales'], 'y', attributes]],
    constants: { scales: { shape: [4], data: Float32Array.of(1, 1, 2, 1.6) } },
  })),
  {
    name: 'Resize to sizes',
    shape: [2, 4, 6],
    nodes: [['Resize', ['a', '', '', 'sizes'], 'y', { mode: 'linear', axes: [2, 3] }]],
    constants: { sizes: [3, 9] },
  },
]
