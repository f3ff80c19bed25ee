import type { Mapping } from './node.ts'
import { activations } from './operators/activation.ts'
import { arithmetic } from './operators/arithmetic.ts'
import { convolutions } from './operators/convolution.ts'
import { dense } from './operators/dense.ts'
import { layouts } from './operators/layout.ts'
import { normalizations } from './operators/normalization.ts'
import { pooling } from './operators/pooling.ts'
import { reductions } from './operators/reduction.ts'
import { resizing } from './operators/resize.ts'
import { shapes } from './operators/shape.ts'

/** Every operator of ONNX that can be differentiated here, by name. */
export const operators: ReadonlyMap<string, Mapping> = new Map(
  [
    activations,
    arithmetic,
    convolutions,
    dense,
    layouts,
    normalizations,
    pooling,
    reductions,
    resizing,
    shapes,
  ].flatMap((group) => Object.entries(group)),
)
