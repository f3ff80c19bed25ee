import type { Network } from '@loadbearing/bench'
import { listZoo, type ModelCard } from '@loadbearing/zoo'
import { Command } from 'commander'
import pc from 'picocolors'
import { count, counted } from '../terminal/numbers.ts'
import { printResult } from '../terminal/output.ts'
import { table } from '../terminal/table.ts'
import { fetchedNetwork } from './network.ts'
import type { CommonOptions } from './options.ts'

export function layersCommand(): Command {
  return new Command('layers')
    .description("list the layers of a model, and what is learned but no layer; without MODEL, the zoo's models")
    .argument('[MODEL]', 'zoo:NAME or the path of an ONNX file')
    .action(async (reference: string | undefined, { json }: CommonOptions) => {
      if (reference === undefined) {
        const cards = await listZoo()
        printResult(json, cards, () => describeZoo(cards))
        return
      }
      const network = await fetchedNetwork(reference)
      const { name, sha256, opset, input, output, layers, leftOut } = network.onnx
      printResult(json, { name, sha256, opset, input, output, layers, leftOut }, () => describeNetwork(network))
    })
}

function describeZoo(cards: readonly ModelCard[]): string {
  return table(
    [
      { title: 'model' },
      { title: 'what it is', spare: true, wraps: true },
      { title: 'data', spare: true },
      { title: 'accuracy', align: 'right' },
      { title: 'layers', align: 'right' },
      { title: 'parameters', align: 'right' },
      { title: 'MACs', align: 'right' },
    ],
    cards.map(({ name, title, data, test, layers, parameters, macs }) => [
      `zoo:${name}`,
      title,
      data,
      `${(100 * test.accuracy).toFixed(2)} %`,
      count(layers),
      count(parameters),
      count(macs),
    ]),
  )
}

function describeNetwork({ name, onnx }: Network): string {
  const { layers, leftOut, opset, output } = onnx
  const total = (of: (layer: (typeof layers)[number]) => number): string =>
    count(layers.reduce((sum, layer) => sum + of(layer), 0))
  const listed = table(
    [
      { title: 'layer' },
      { title: 'op' },
      { title: 'weight' },
      { title: 'groups', align: 'right', spare: true },
      { title: 'parameters', align: 'right' },
      { title: 'MACs', align: 'right' },
      { title: 'input', spare: true },
      { title: 'output', spare: true },
    ],
    layers.map((layer) => [
      layer.name,
      layer.op,
      layer.weightShape.join('×'),
      count(layer.groups),
      count(layer.parameters),
      count(layer.macs),
      layer.inputShape.join('×'),
      layer.outputShape.join('×'),
    ]),
  )
  const lines = [
    `${pc.bold(name)}: ${counted(layers.length, 'layer')}, ${total((layer) => layer.parameters)} parameters in them, ${total((layer) => layer.macs)} MACs an example, ${output.classes} classes, opset ${opset}`,
    '',
    listed,
  ]
  if (leftOut.length === 0) return lines.join('\n')
  const reasons = new Map<string, string[]>()
  for (const tensor of leftOut) {
    // 'bias of Conv' of each of fifty nodes is one reason.
    const reason = tensor.reason.replace(/ '.*'/, '')
    reasons.set(reason, [...(reasons.get(reason) ?? []), tensor.name])
  }
  return [
    ...lines,
    '',
    `Learned, but no layer (${counted(leftOut.length, 'tensor')}, ${count(leftOut.reduce((sum, { parameters }) => sum + parameters, 0))} numbers):`,
    ...[...reasons].map(([reason, names]) => `  ${shortened(names)}: ${pc.dim(reason)}`),
  ].join('\n')
}

function shortened(names: readonly string[]): string {
  return names.length <= 4 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
}
