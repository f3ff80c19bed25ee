import { EngineError, InputError, sizeOf, type Tensor, tensor } from '@loadbearing/core'
import * as ort from 'onnxruntime-node'
import type { FedType } from './element-types.ts'
import { fromFloat16, toFloat16 } from './float16.ts'
import type { FilledInput, Inputs } from './input.ts'

/** A batch [n, …] as the graph's inputs, with those that are filled. @throws InputError on a value that the input's type cannot hold */
export function feedsOf({ input, filled }: Inputs, batch: Tensor): Record<string, ort.Tensor> {
  const feeds: Record<string, ort.Tensor> = { [input.name]: toOrt(batch, input.type) }
  for (const each of filled) feeds[each.name] = toOrt(filling(each, batch.shape), each.type)
  return feeds
}

function filling({ values }: FilledInput, shape: readonly number[]): Tensor {
  const data = new Float32Array(sizeOf(shape))
  const length = shape.at(-1)!
  if (values === 'ones') data.fill(1)
  if (values === 'positions') data.forEach((_, i) => (data[i] = i % length))
  return { shape, data }
}

/** Above it, float32 has no longer every integer. */
const largestInteger = 2 ** 24

const ranges: Readonly<Partial<Record<FedType, readonly [number, number]>>> = {
  int64: [-largestInteger, largestInteger],
  int32: [-largestInteger, largestInteger],
  uint8: [0, 255],
  bool: [0, 1],
}

/** Least and greatest of the whole numbers that an input of this type is given; undefined where it takes others too. */
export const integerRange = (type: FedType): readonly [number, number] | undefined => ranges[type]

/**
 * A tensor in the type that the graph wants: rounded to the nearest for float16 (ties to even), exactly for all others.
 *
 * @throws InputError when it does not hold the elements that its shape names, or an integer type cannot hold one of them
 */
export function toOrt(value: Tensor, type: FedType = 'float32'): ort.Tensor {
  const { shape, data } = tensor(value.shape, value.data)
  const range = integerRange(type)
  if (range) {
    const [lowest, highest] = range
    const index = data.findIndex((each) => !Number.isInteger(each) || each < lowest || each > highest)
    if (index !== -1) {
      throw new InputError(
        `The network takes integers (${type}) from ${lowest} to ${highest}, not ${data[index]} at position ${index}.`,
        { hint: 'Give token ids or bytes as they are, without a scale, mean or deviation.' },
      )
    }
  }
  const dims = [...shape]
  switch (type) {
    case 'float32':
      return new ort.Tensor('float32', data, dims)
    case 'float16':
      return new ort.Tensor('float16', toFloat16(data), dims)
    case 'float64':
      return new ort.Tensor('float64', Float64Array.from(data), dims)
    case 'int64':
      return new ort.Tensor('int64', BigInt64Array.from(Array.from(data, BigInt)), dims)
    case 'int32':
      return new ort.Tensor('int32', Int32Array.from(data), dims)
    case 'uint8':
      return new ort.Tensor('uint8', Uint8Array.from(data), dims)
    case 'bool':
      return new ort.Tensor('bool', Uint8Array.from(data), dims)
  }
}

/** A value of a run. @throws EngineError where that is none, or a sequence, map or nothing */
export function ortTensor(value: ort.OnnxValue | undefined, name: string): ort.Tensor {
  if (value && 'dims' in value) return value
  throw noTensor(name)
}

function noTensor(name: string): EngineError {
  return new EngineError(`'${name}' is not a tensor of numbers.`, {
    hint: 'Export the model with tensors of numbers alone, without sequences or texts.',
  })
}

/** A value of a run as a tensor of float32; of float64, the nearest. */
export function fromOrt(value: ort.OnnxValue | undefined, name: string): Tensor {
  const { type, dims: shape, data } = value ?? {}
  if (shape && data instanceof Float32Array) return { shape, data }
  if (shape && data instanceof Float64Array) return { shape, data: Float32Array.from(data) }
  // Bits in a Uint16Array, or numbers in a Float16Array where the runtime has that.
  if (shape && type === 'float16' && ArrayBuffer.isView(data)) {
    return { shape, data: fromFloat16(new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2)) }
  }
  if (shape && data && ArrayBuffer.isView(data)) {
    return { shape, data: Float32Array.from(data as Iterable<number | bigint> as Iterable<number>, Number) }
  }
  throw noTensor(name)
}

/** The examples from `start` up to `end` of a batch, without a copy. */
export function slice({ shape, data }: Tensor, start: number, end: number): Tensor {
  const stride = sizeOf(shape.slice(1))
  return { shape: [end - start, ...shape.slice(1)], data: data.subarray(start * stride, end * stride) }
}
