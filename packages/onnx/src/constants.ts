import { ModelError } from '@loadbearing/core'
import type { onnx } from 'onnx-proto'
import { fromFloat16 } from './float16.ts'
import { elementTypeName, proto } from './graph.ts'

const { DataType } = proto.TensorProto

/** A tensor of numbers in the few types that engines other than onnxruntime have: Uint8Array holds booleans. */
export interface Constant {
  readonly shape: readonly number[]
  readonly data: Float32Array | Int32Array | Uint8Array
}

/**
 * The values of a stored tensor. Every floating type becomes float32; every integer type int32, where what is larger becomes the
 * largest there is: an open end of a Slice.
 *
 * @throws ModelError on a type of no numbers
 */
export function readConstant(tensor: onnx.ITensorProto): Constant {
  const shape = (tensor.dims ?? []).map(Number)
  return { shape, data: valuesOf(tensor) }
}

function valuesOf(tensor: onnx.ITensorProto): Constant['data'] {
  const { rawData, floatData, doubleData, int32Data, int64Data } = tensor
  // The bytes lie at any offset in the file; typed arrays of more than a byte want a multiple of their size.
  const raw = rawData?.length ? Uint8Array.from(rawData).buffer : undefined
  const small = (read: (bytes: ArrayBuffer) => ArrayLike<number>): Int32Array =>
    Int32Array.from(raw ? read(raw) : (int32Data ?? []))
  switch (tensor.dataType) {
    case DataType.FLOAT:
      return raw ? new Float32Array(raw) : Float32Array.from(floatData ?? [])
    case DataType.DOUBLE:
      return Float32Array.from(raw ? new Float64Array(raw) : (doubleData ?? []))
    case DataType.FLOAT16:
      return fromFloat16(raw ? new Uint16Array(raw) : Uint16Array.from(int32Data ?? []))
    case DataType.INT64:
      return saturated(raw ? Array.from(new BigInt64Array(raw), Number) : (int64Data ?? []).map(Number))
    case DataType.INT32:
      return small((bytes) => new Int32Array(bytes))
    case DataType.INT16:
      return small((bytes) => new Int16Array(bytes))
    case DataType.UINT16:
      return small((bytes) => new Uint16Array(bytes))
    case DataType.INT8:
      return small((bytes) => new Int8Array(bytes))
    case DataType.UINT8:
      return small((bytes) => new Uint8Array(bytes))
    case DataType.BOOL:
      return Uint8Array.from(small((bytes) => new Uint8Array(bytes)))
    default:
      throw new ModelError(`The tensor '${tensor.name}' is of ${elementTypeName(tensor.dataType)}, not of numbers.`, {
        hint: 'Export the model in float32.',
      })
  }
}

/** The integers, none beyond what 32 bits hold. */
export function saturated(values: readonly number[]): Int32Array {
  return Int32Array.from(values, (value) => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value)))
}
