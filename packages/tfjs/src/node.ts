import type { Constant, Operation } from '@loadbearing/onnx'
import { InputError } from '@loadbearing/core'
import type { Value } from './value.ts'

/** What a node reads, by position; undefined where an optional input is left out. */
export type Inputs = readonly (Value | undefined)[]

/** What a node does, once its attributes are read. */
export type Run = (inputs: Inputs) => Value | readonly Value[]

/** Reads a node's attributes once. @throws Unsupported where it cannot be mapped to TensorFlow.js */
export type Mapping = (node: Node) => Run

/** Mappings by name of the operator. */
export type Mappings = Readonly<Record<string, Mapping>>

/** Why one node cannot be mapped: a few words that follow its name. */
export class Unsupported extends Error {}

/** An operation with its attributes by type. */
export class Node {
  readonly operation: Operation
  readonly opset: number

  constructor(operation: Operation, opset: number) {
    this.operation = operation
    this.opset = opset
  }

  number(name: string, otherwise: number): number {
    const value = this.operation.attributes.get(name)
    return typeof value === 'number' ? value : otherwise
  }

  /** A list of numbers; undefined where the node has none of this name. */
  numbers(name: string): readonly number[] | undefined {
    return this.operation.attributes.get(name) as readonly number[] | undefined
  }

  text(name: string, otherwise: string): string {
    const value = this.operation.attributes.get(name)
    return typeof value === 'string' ? value : otherwise
  }

  tensor(name: string): Constant | undefined {
    return this.operation.attributes.get(name) as Constant | undefined
  }

  /** Whether an input is there, by position. */
  has(position: number): boolean {
    return (this.operation.inputs[position] ?? '') !== ''
  }
}

/** An input that the operator must have. */
export function given(inputs: Inputs, position: number): Value {
  const value = inputs[position]
  if (!value) throw new InputError(`Input ${position} of a node is missing.`)
  return value
}

/** The axes counted from the front. */
export function positive(axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => (axis < 0 ? axis + rank : axis))
}
