import { type ClassScores, lastOperator } from './classifier.ts'
import type { View } from './constant-chains.ts'
import { fedType } from './element-types.ts'
import { type Graph, type GraphNode, integerAttribute, integersAttribute, isOperator } from './graph.ts'
import type { Inputs } from './input.ts'
import type { LayerWeight, LayerWeights } from './layer-weights.ts'
import { called, readsOfStored } from './left-out.ts'
import type { Batch } from './probe.ts'

/** What a reader of the measurements should know of how the network is run, a sentence each. */
export function notesOn(
  graph: Graph,
  { views }: LayerWeights,
  layers: ReadonlyMap<string, LayerWeight>,
  { input, filled }: Inputs,
  { batch, isReopened }: { readonly batch: Batch; readonly isReopened: boolean },
  output: ClassScores,
): string[] {
  const notes: string[] = []
  if (batch !== 'open') {
    const examples = batch === 1 ? 'one example' : `${batch} examples`
    notes.push(`The graph takes ${examples} at a time: its batch is fixed, and it is run in pieces.`)
  }
  if (isReopened) {
    notes.push(
      'The batch, which Reshape nodes fix, is opened: they are given −1 in front, which was found to compute the same.',
    )
  }
  if (input.type !== 'float32') {
    const rounded = input.type === 'float16' ? ', rounded to the nearest' : ''
    notes.push(`The input '${input.name}' is fed as ${input.type}${rounded}.`)
  }
  const fillings = { ones: 'ones', zeros: 'zeros', positions: 'positions from 0' }
  for (const { name, values } of filled) notes.push(`The input '${name}' is filled with ${fillings[values]}.`)
  if (graph.nodes.some(({ op }) => isOperator(op, 'QuantizeLinear'))) {
    notes.push('QuantizeLinear and DequantizeLinear are computed as such, in float32; no integer kernels run.')
  }
  if (output.scores === 'one probability') {
    notes.push(
      `The one score '${output.name}' is made by a Sigmoid: it is taken as the probability of the second of two classes.`,
    )
  } else if (lastOperator(graph, output.name)?.op === 'Sigmoid') {
    notes.push(`The class scores '${output.name}' are made by a Sigmoid, class by class; they are taken as logits.`)
  }
  const reads = readsOfStored(graph, views)
  for (const [name, { uses, view }] of layers) {
    const others = (reads.get(view.stored) ?? []).filter(({ consumer }) => !uses.some(({ node }) => node === consumer))
    for (const { consumer } of others) {
      notes.push(`The weight '${name}' is also read by ${called(consumer)}: what perturbs the layer changes that, too.`)
    }
    const elsewhere = uses.filter((use) => wayOf(views.get(use.view)!) !== wayOf(view))
    for (const { node } of elsewhere) {
      notes.push(
        `${called(node)} reads the weight '${name}' in another layout or type than ${called(uses[0].node)} does.`,
      )
    }
  }
  const count = (found: readonly LayerWeight[]) =>
    found.length === 1 ? 'One weight is' : `${found.length} weights are`
  const half = [...layers.values()].filter(
    ({ storage, view }) => storage.type === 'float16' || view.steps.some(isCastToHalf),
  )
  if (half.length > 0) {
    notes.push(
      `${count(half)} computed with in float16: new values are rounded to it, and a part of the network agrees with the whole to about 0.001.`,
    )
  }
  const double = [...layers.values()].filter(({ view }) => view.stored.type === 'float64')
  if (double.length > 0) notes.push(`${count(double)} stored in float64 and handed out as float32.`)
  return notes
}

function wayOf({ steps }: View): string {
  return steps.map((step) => [step.op, ...integersAttribute(step, 'perm')].join(' ')).join()
}

function isCastToHalf(step: GraphNode): boolean {
  return step.op === 'Cast' && fedType(integerAttribute(step, 'to', 0)) === 'float16'
}
