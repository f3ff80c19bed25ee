import { InputError } from './errors.ts'

/** A dense float32 array in row-major order; `data.length` is the product of `shape`. The one tensor type of the project. */
export interface Tensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Number of elements of a tensor of this shape (1 for a scalar, shape `[]`). */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1)
}

/**
 * A tensor over `data`, which is not copied.
 *
 * @throws InputError when `data` does not hold exactly the elements that `shape` names
 */
export function tensor(shape: readonly number[], data: Float32Array | readonly number[]): Tensor {
  if (sizeOf(shape) !== data.length) {
    throw new InputError(`A tensor of shape [${shape.join(', ')}] holds ${sizeOf(shape)} values, not ${data.length}.`)
  }
  return { shape, data: data instanceof Float32Array ? data : Float32Array.from(data) }
}

/** The values of every entry of the first axis, such as an example's; they are not copied. */
export function rowsOf({ shape: [rows = 0], data }: Tensor): Float32Array[] {
  const size = data.length / rows
  return Array.from({ length: rows }, (_, row) => data.subarray(row * size, (row + 1) * size))
}
