import { proto } from './graph.ts'

const { DataType } = proto.TensorProto

/** Types that tensors are fed to a graph in, as onnxruntime calls them and by their number in the format. */
export const fedTypes = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  float64: DataType.DOUBLE,
  int64: DataType.INT64,
  int32: DataType.INT32,
  uint8: DataType.UINT8,
  bool: DataType.BOOL,
} as const

export type FedType = keyof typeof fedTypes

/** The type that a tensor of this number is fed in, where it can be fed. */
export function fedType(elementType: number | null | undefined): FedType | undefined {
  return (Object.keys(fedTypes) as FedType[]).find((type) => fedTypes[type] === elementType)
}

const others: Readonly<Record<string, number>> = {
  int16: DataType.INT16,
  int8: DataType.INT8,
  uint64: DataType.UINT64,
  uint32: DataType.UINT32,
  uint16: DataType.UINT16,
}

/** The number in the format of a type that onnxruntime names. */
export function elementTypeOf(type: string): number {
  return (fedTypes as Readonly<Record<string, number>>)[type] ?? others[type] ?? DataType.UNDEFINED
}

/** Element types of numbers that are no integers; their values are handed out as float32. */
export const floatTypes: ReadonlySet<number> = new Set([DataType.FLOAT, DataType.FLOAT16, DataType.DOUBLE])
