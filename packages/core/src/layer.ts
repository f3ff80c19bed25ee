/** The ONNX operators whose learned weight makes a layer. */
export type LayerOp = 'Conv' | 'ConvTranspose' | 'Gemm' | 'MatMul'

/** How a convolution's kernel lies on what it reads: a number for every axis of space. */
export interface Window {
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  /** Zeros in front of what is read; of a transposed convolution, places cut off in front of what is made. */
  readonly pads: readonly number[]
}

/** A learned weight tensor and the node or nodes that consume it. */
export interface Layer {
  /** The name of the weight tensor in the ONNX file: unique in a model. */
  readonly name: string
  readonly op: LayerOp
  /** Names of the consuming nodes, in order of execution. */
  readonly nodes: readonly string[]
  /** Position among the model's layers in order of execution, from 0. */
  readonly depth: number
  readonly weightShape: readonly number[]
  /** Axis of the weight that runs over output channels. */
  readonly outputAxis: number
  /** Axis of the weight that runs over input channels (within a group, for a grouped Conv). */
  readonly inputAxis: number
  /** Number of groups; 1 where the operator has none. */
  readonly groups: number
  /** Elements of the weight tensor; the bias is not counted. */
  readonly parameters: number
  /** Multiply-accumulates for one example, over all consuming nodes; the bias is not counted. */
  readonly macs: number
  /** Shape of the layer's input for one example (no batch dimension); the first consuming node's. */
  readonly inputShape: readonly number[]
  /** Shape of the layer's output for one example (no batch dimension); the first consuming node's. */
  readonly outputShape: readonly number[]
  /** Of a convolution, transposed or not; the first consuming node's. */
  readonly window?: Window
}
