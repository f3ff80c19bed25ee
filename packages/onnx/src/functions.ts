import { ModelError } from '@loadbearing/core'
import type { onnx } from 'onnx-proto'
import { field, fieldsOf } from './fields.ts'
import { proto, subgraphsOf } from './graph.ts'
import { inOrder } from './order.ts'

/**
 * The protobuf classes do not know the defaults of a function's attributes, nor overloads: the parts of a network, which are
 * encoded anew, would lose them and compute something else.
 *
 * @param decoded the same file, decoded
 * @throws ModelError when a function of the file has either
 */
export function refuseLossyFunctions(file: Uint8Array, decoded: onnx.ModelProto, model: string): void {
  if (decoded.functions.length === 0) return
  for (const { number, content } of fieldsOf(file)) {
    if (number !== field.model.functions || !content) continue
    const fields = new Set(fieldsOf(content).map((each) => each.number))
    const what = fields.has(field.function.attributeDefaults)
      ? 'defaults for its attributes'
      : fields.has(field.function.overload)
        ? 'overloads'
        : undefined
    if (what === undefined) continue
    const { name } = proto.FunctionProto.decode(content)
    throw new ModelError(`The function '${name}' of ${model} has ${what}, which are not read yet.`, {
      hint: 'Inline the functions: onnx.inliner.inline_local_functions(model).',
    })
  }
}

/** onnxruntime writes every call out; a few functions that call each other twice would fill the memory. */
const mostNodes = 1_000_000

/** Functions call each other no deeper in any network: each level takes stack. */
const deepest = 256

/**
 * @param decoded whose subgraphs have been found to lie no deeper than the stack takes
 * @throws ModelError when its functions call each other in a circle or too deep, or come to more than a million nodes once every call
 *   is written out
 */
export function refuseEndlessFunctions({ graph, functions }: onnx.ModelProto, model: string): void {
  const byName = new Map(functions.map((each) => [`${each.domain}.${each.name}`, each]))
  const called = new Map(
    [...functions, graph ?? {}].map((body) => [
      body,
      within(body.node ?? []).map((node) => byName.get(`${node.domain ?? ''}.${node.opType ?? ''}`)),
    ]),
  )
  const calls = (body: object) => called.get(body)!.filter((each) => each !== undefined)
  const ordered = inOrder<object>([...called.keys()], calls)
  if (!ordered) throw endless(model, 'call each other in a circle')
  const written = new Map<object, { readonly nodes: number; readonly depth: number }>()
  for (const body of ordered) {
    const inside = calls(body).map((each) => written.get(each)!)
    const nodes = inside.reduce((sum, each) => sum + each.nodes, called.get(body)!.length)
    const depth = inside.reduce((most, each) => Math.max(most, each.depth + 1), 0)
    if (nodes > mostNodes) throw endless(model, `come to more than ${mostNodes} nodes once every call is written out`)
    if (depth > deepest) throw endless(model, `call each other more than ${deepest} deep`)
    written.set(body, { nodes, depth })
  }
}

/** The nodes, and those of their subgraphs. */
function within(nodes: readonly onnx.INodeProto[]): onnx.INodeProto[] {
  return nodes.flatMap((node) => [node, ...subgraphsOf(node).flatMap((inner) => within(inner.node ?? []))])
}

function endless(model: string, what: string): ModelError {
  return new ModelError(`The functions of ${model} ${what}.`, {
    hint: 'Inline the functions: onnx.inliner.inline_local_functions(model).',
  })
}
