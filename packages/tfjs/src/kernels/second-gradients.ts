import * as tf from '@tensorflow/tfjs'
import { sideBySide } from '../operators/pooling.ts'

type Attributes = Readonly<Record<string, unknown>>
type Thunks = Record<string, () => tf.Tensor>

const run = (kernel: string, inputs: Record<string, tf.Tensor>, attributes: Attributes): tf.Tensor =>
  tf.engine().runKernel(kernel, inputs, attributes as tf.NamedAttrMap)

/** Whether something holds, which does not change with a small step. */
const comparisons = ['Equal', 'NotEqual', 'Greater', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr', 'LogicalXor']

/**
 * The gradients of gradients that TensorFlow.js lacks; of each kernel those of what it is linear in, and where it is a step
 * function of the rest, zero there. PyTorch's double backward has the same.
 */
const gradients: readonly tf.GradConfig[] = [
  {
    kernelName: 'Conv2DBackpropFilter',
    inputsToSave: ['x', 'dy'],
    gradFunc: (given, saved, attrs): Thunks => {
      const [filter, x, dy] = [given as tf.Tensor4D, saved[0] as tf.Tensor4D, saved[1] as tf.Tensor4D]
      const { strides, pad, dataFormat } = attrs as unknown as Attributes
      return {
        x: () => run('Conv2DBackpropInput', { dy, filter }, { strides, pad, dataFormat, inputShape: x.shape }),
        dy: () => run('Conv2D', { x, filter }, { strides, pad, dataFormat, dilations: [1, 1] }),
      }
    },
  },
  {
    kernelName: 'DepthwiseConv2dNativeBackpropFilter',
    inputsToSave: ['x', 'dy'],
    gradFunc: (given, saved, attrs): Thunks => {
      const [filter, x, dy] = [given as tf.Tensor, saved[0]!, saved[1]!]
      const { strides, pad } = attrs as unknown as Attributes
      return {
        x: () =>
          run(
            'DepthwiseConv2dNativeBackpropInput',
            { dy, filter },
            { strides, pad, dilations: [1, 1], inputShape: x.shape },
          ),
        dy: () => run('DepthwiseConv2dNative', { x, filter }, { strides, pad, dilations: [1, 1] }),
      }
    },
  },
  {
    kernelName: 'DepthwiseConv2dNativeBackpropInput',
    inputsToSave: ['dy', 'filter'],
    gradFunc: (given, saved, attrs): Thunks => {
      const [x, dy, filter] = [given as tf.Tensor, saved[0]!, saved[1]!]
      const { strides, pad } = attrs as unknown as Attributes
      return {
        dy: () => run('DepthwiseConv2dNative', { x, filter }, { strides, pad, dilations: [1, 1] }),
        filter: () =>
          run(
            'DepthwiseConv2dNativeBackpropFilter',
            { x, dy },
            { strides, pad, dilations: [1, 1], filterShape: filter.shape },
          ),
      }
    },
  },
  {
    kernelName: 'MaxPoolGrad',
    inputsToSave: ['input', 'dy'],
    gradFunc: (given, saved, attrs): Thunks => {
      const [x, dy] = [saved[0] as tf.Tensor4D, saved[1]!]
      const { filterSize, strides } = attrs as unknown as {
        readonly filterSize: readonly [number, number]
        readonly strides: readonly [number, number]
      }
      return {
        dy: () => {
          // One a window, at its largest value; where windows do not overlap, its gradient marks that.
          const [taps, values] = [given as tf.Tensor4D, x].map((each) => sideBySide(each, filterSize, strides, [1, 1]))
          const pool = { filterSize, strides: filterSize, pad: 'valid' }
          const output = run('MaxPool', { x: values! }, pool)
          const marks = run('MaxPoolGrad', { dy: tf.onesLike(output), input: values!, output }, pool)
          const means = run('AvgPool', { x: tf.mul(taps!, marks) }, pool)
          return tf.mul(means, filterSize[0] * filterSize[1])
        },
        input: () => tf.zerosLike(x),
        output: () => tf.zerosLike(dy),
      }
    },
  },
  {
    kernelName: 'AvgPoolGrad',
    inputsToSave: ['input'],
    gradFunc: (given, saved, attrs): Thunks => ({
      dy: () => run('AvgPool', { x: given as tf.Tensor }, attrs),
      input: () => tf.zerosLike(saved[0]!),
    }),
  },
  ...comparisons.map((kernelName): tf.GradConfig => ({
    kernelName,
    inputsToSave: ['a', 'b'],
    gradFunc: (_, saved): Thunks => ({ a: () => tf.zeros(saved[0]!.shape), b: () => tf.zeros(saved[1]!.shape) }),
  })),
  {
    kernelName: 'LogicalNot',
    inputsToSave: ['x'],
    gradFunc: (_, saved): Thunks => ({ x: () => tf.zeros(saved[0]!.shape) }),
  },
]

/** Registers them with TensorFlow.js; once a process. */
export function registerSecondGradients(): void {
  for (const gradient of gradients) tf.registerGradient(gradient)
}
