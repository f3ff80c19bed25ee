import * as tf from '@tensorflow/tfjs'
import { ModelError } from '@loadbearing/core'
import type { Program } from '@loadbearing/onnx'
import { Node, type Run, Unsupported } from './node.ts'
import { operators } from './operators.ts'
import { tensorOf } from './tensors.ts'
import { Value } from './value.ts'

/** An operation that can run. */
interface Step {
  readonly node: Node
  readonly run: Run
}

/** Is shown every tensor before anything reads it, and may put another of the same values in its place. */
export type See = (name: string, value: Value) => Value

/** May put another run in the place of a node's own. */
export type Instead = (node: Node, run: Run) => Run

export interface Hooks {
  readonly see?: See
  readonly instead?: Instead
}

/** A network on TensorFlow.js. */
export interface Graph {
  /**
   * The value of the tensor `output`; whatever is made on the way is the caller's to tidy up.
   *
   * @param given tensors by name, those of the network's inputs and weights among them
   */
  readonly run: (given: ReadonlyMap<string, tf.Tensor>, output: string, hooks?: Hooks) => Value
  readonly release: () => void
}

/**
 * Maps a network to TensorFlow.js, and folds what depends on neither its inputs nor its layers' weights.
 *
 * @param variable names of the weights
 * @throws ModelError that lists every node that cannot be mapped
 */
export function openGraph(program: Program, variable: ReadonlySet<string>, model: string): Graph {
  const steps = mapAll(program, model)
  const constants = new Map<string, tf.Tensor>()
  for (const [name, constant] of program.constants) {
    if (!variable.has(name)) constants.set(name, tensorOf(constant))
  }
  const live = steps.filter((step) => !fold(step, constants))
  const read = new Set(live.flatMap(({ node }) => node.operation.inputs))
  for (const [name, tensor] of constants) {
    if (read.has(name)) continue
    tensor.dispose()
    constants.delete(name)
  }
  return {
    run(given, output, { see = (_: string, value: Value) => value, instead = (_: Node, own: Run) => own }: Hooks = {}) {
      const values = new Map<string, Value>()
      for (const [name, tensor] of [...constants, ...given]) values.set(name, Value.plain(tensor))
      for (const name of given.keys()) values.set(name, see(name, values.get(name)!))
      for (const step of leadingTo(live, output)) {
        const run = instead(step.node, step.run)
        for (const [name, value] of made({ ...step, run }, values)) values.set(name, see(name, value))
      }
      return values.get(output)!
    },
    release: () => tf.dispose([...constants.values()]),
  }
}

/** The steps that a tensor needs, in order. */
function leadingTo(steps: readonly Step[], output: string): Step[] {
  const wanted = new Set([output])
  const needed = steps.toReversed().filter(({ node: { operation } }) => {
    if (!operation.outputs.some((name) => wanted.has(name))) return false
    for (const name of operation.inputs) wanted.add(name)
    return true
  })
  return needed.toReversed()
}

function mapAll({ operations, opset }: Program, model: string): Step[] {
  const refused: string[] = []
  const steps = operations.flatMap((operation): Step[] => {
    const mapping = operators.get(operation.op)
    const refuse = (why: string): [] => {
      refused.push(`'${operation.name}' (${operation.op}${why})`)
      return []
    }
    if (!mapping) return refuse('')
    try {
      const node = new Node(operation, opset)
      return [{ node, run: mapping(node) }]
    } catch (error) {
      if (error instanceof Unsupported) return refuse(` with ${error.message}`)
      throw error
    }
  })
  if (refused.length === 0) return steps
  throw new ModelError(
    `${model} has ${refused.length} node${refused.length === 1 ? '' : 's'} without a gradient here: ${refused.join(', ')}.`,
    { hint: 'Criteria that need no gradients can rank it.' },
  )
}

function made({ node: { operation }, run }: Step, values: ReadonlyMap<string, Value>): (readonly [string, Value])[] {
  const results = run(operation.inputs.map((name) => values.get(name)))
  return results instanceof Value
    ? [[operation.outputs[0]!, results]]
    : operation.outputs.map((name, i) => [name, results[i]!])
}

/** Computes a step of constants alone, once. */
function fold(step: Step, constants: Map<string, tf.Tensor>): boolean {
  const { inputs } = step.node.operation
  if (!inputs.every((name) => name === '' || constants.has(name))) return false
  const values = new Map(inputs.flatMap((name) => (name === '' ? [] : [[name, Value.plain(constants.get(name)!)]])))
  tf.tidy(() => {
    for (const [name, value] of made(step, values)) {
      // One that hands its input on must not be released with that.
      constants.set(name, tf.keep(tf.clone(value.plain)))
    }
  })
  return true
}
