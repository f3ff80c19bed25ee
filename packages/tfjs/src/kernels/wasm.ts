import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'
import { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise-gradients.ts'
import { filterGradient, inputGradient } from './convolution-gradients.ts'
import { maxPoolGradient } from './max-pool-gradient.ts'

/** What TensorFlow.js hands to the kernels of a convolution's gradients. */
interface Attributes {
  readonly strides: [number, number]
  readonly pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding
  readonly dataFormat: 'NHWC'
  readonly filterShape: [number, number, number, number]
  readonly filterSize: [number, number]
  readonly inputShape: [number, number, number, number]
  readonly numSegments: number
}

type Kernel = (inputs: Readonly<Record<string, tf.Tensor4D>>, attributes: Attributes) => tf.Tensor

function infoOf(
  input: [number, number, number, number],
  filter: [number, number, number, number],
  { strides, pad }: Attributes,
  isDepthwise = false,
): tf.backend_util.Conv2DInfo {
  return tf.backend_util.computeConv2DInfo(input, filter, strides, 1, pad, undefined, isDepthwise)
}

/**
 * The kernels of gradients that WebAssembly lacks, and those that it has wrong or slow, each made of kernels that it has: gradients of a
 * convolution are convolutions of transposed operands.
 */
const kernels: Readonly<Record<string, Kernel>> = {
  Conv2DBackpropFilter: ({ x, dy }, attributes) =>
    filterGradient(x!, dy!, infoOf(x!.shape, attributes.filterShape, attributes)),
  Conv2DBackpropInput: ({ dy, filter }, attributes) =>
    inputGradient(dy!, filter!, infoOf(attributes.inputShape, filter!.shape, attributes)),
  DepthwiseConv2dNativeBackpropFilter: ({ x, dy }, attributes) =>
    depthwiseFilterGradient(x!, dy!, infoOf(x!.shape, attributes.filterShape, attributes, true)),
  DepthwiseConv2dNativeBackpropInput: ({ dy, filter }, attributes) =>
    depthwiseInputGradient(dy!, filter!, infoOf(attributes.inputShape, filter!.shape, attributes, true)),
  // Its own gives some gradients to the wrong place.
  MaxPoolGrad: ({ dy, input, output }, { filterSize, strides, pad }) =>
    maxPoolGradient(dy!, input!, output!, tf.backend_util.computePool2DInfo(input!.shape, filterSize, strides, 1, pad)),
  // Sums of the rows of every segment, as the product with a matrix of which row is of which.
  UnsortedSegmentSum: ({ x, segmentIds }, { numSegments }) => {
    const rows: tf.Tensor = x!
    const isOf = tf.cast(tf.oneHot(tf.cast(segmentIds as tf.Tensor, 'int32'), numSegments), 'float32')
    return tf.reshape(tf.matMul(tf.transpose(isOf), tf.reshape(rows, [rows.shape[0], -1])), [
      numSegments,
      ...rows.shape.slice(1),
    ])
  },
}

/** In place of TensorFlow.js's own, whose comparisons take WebAssembly longer than a convolution. */
const clipGradient: tf.GradConfig = {
  kernelName: 'ClipByValue',
  inputsToSave: ['x'],
  gradFunc: (dy, [x], attributes) => {
    const { clipValueMin: low, clipValueMax: high } = attributes as unknown as Record<string, number>
    const beyond = (): tf.Tensor => tf.add(tf.step(tf.sub(low!, x!)), tf.step(tf.sub(x!, high!)))
    return { x: () => tf.mul(dy as tf.Tensor, tf.sub(1, beyond())) }
  },
}

/** Registers them with TensorFlow.js; once a process. */
export function registerWasmKernels(): void {
  const known = new Set(tf.getKernelsForBackend('wasm').map(({ kernelName }) => kernelName))
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    if (known.has(kernelName)) tf.unregisterKernel(kernelName, 'wasm')
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs }) =>
        tf.tidy(() => kernel(inputs as unknown as Record<string, tf.Tensor4D>, attrs as unknown as Attributes)),
    })
  }
  tf.registerGradient(clipGradient)
}
