import type { onnx } from 'onnx-proto'
import { constantNodes } from './cut.ts'
import { type Graph, graphOf, integerAttribute, proto } from './graph.ts'
import { storedTensors } from './tensors.ts'

/**
 * The graph with its constant Reshape targets open in front, where an exporter has written the number of examples that it saw.
 * Whether it computes the same is for the caller to find out; undefined where it has no such node.
 */
export function withOpenReshapes(graph: Graph, model: string): Graph | undefined {
  const stored = storedTensors(graph)
  const constant = constantNodes(graph)
  const opened: onnx.ITensorProto[] = []
  const nodes = graph.nodes.map((node) => {
    const shape = node.op === 'Reshape' ? stored.get(node.inputs[1] ?? '') : undefined
    const target = shape && !constant.has(node) ? openTarget(integersOf(shape.proto)) : undefined
    // Where a zero is a size, it cannot stand for the size of the input.
    if (!target || integerAttribute(node, 'allowzero', 0) !== 0) return node.proto
    const name = `${node.outputs[0]} with an open batch`
    const rawData = new Uint8Array(BigInt64Array.from(target, BigInt).buffer)
    opened.push({ name, dims: [target.length], dataType: proto.TensorProto.DataType.INT64, rawData })
    return { ...node.proto, input: [node.inputs[0]!, name] }
  })
  if (opened.length === 0) return undefined
  const copy = proto.ModelProto.create(graph.model)
  const initializer = [...graph.initializers.values(), ...opened]
  copy.graph = proto.GraphProto.create({ ...graph.model.graph, node: nodes, initializer, valueInfo: [] })
  return graphOf(copy, model)
}

/** −1 in front stands for as many as there are values for; 0, where another size does so, for as many as the input has. */
function openTarget([first, ...rest]: readonly number[]): number[] | undefined {
  if (first === undefined || first < 1) return undefined
  return [rest.includes(-1) ? 0 : -1, ...rest]
}

function integersOf({ rawData, int64Data }: onnx.ITensorProto): number[] {
  if (!rawData?.length) return (int64Data ?? []).map(Number)
  return Array.from(new BigInt64Array(Uint8Array.from(rawData).buffer), Number)
}
