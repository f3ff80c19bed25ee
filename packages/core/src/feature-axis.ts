import type { Layer } from './layer.ts'

/**
 * The axis of what a layer reads and makes that runs over its channels or features; the other axes, but for the batch's, are
 * places.
 *
 * @param rank of the activation, batch included
 */
export function featureAxisOf({ op, weightShape, outputAxis }: Layer, rank: number): number {
  if (op === 'Conv' || op === 'ConvTranspose') return 1
  // A matrix that stands on the left of a product mixes what lies along the axis before the last.
  return op === 'MatMul' && outputAxis < weightShape.length - 1 ? rank - 2 : rank - 1
}
