import { findPerturbation, initialWeights, perturbModel } from '@loadbearing/bench'
import { writeWhole } from '@loadbearing/dataset/folder'
import { Command } from 'commander'
import { printResult } from '../terminal/output.ts'
import { fetchedNetwork } from './network.ts'
import type { CommonOptions } from './options.ts'
import { naturalNumber, number } from './parsing.ts'
import { warnOfPlugin } from './plugin-option.ts'

interface PerturbOptions extends CommonOptions {
  readonly layer: string
  readonly perturbation: string
  readonly intensity: number
  readonly repeat: number
  readonly plugin?: string
  readonly output?: string
}

export function perturbCommand(): Command {
  return new Command('perturb')
    .description('write the model of one cell as an ONNX file, so that any other runtime can check its number')
    .argument('<MODEL>', 'zoo:NAME or the path of an ONNX file')
    .requiredOption('--layer <name>', 'the layer, as `loadbearing layers` names it')
    .requiredOption('--perturbation <name>', 'the perturbation')
    .requiredOption('--intensity <n>', 'how strongly, in the unit of the perturbation', number)
    .option('--repeat <n>', 'number of the draw', naturalNumber, 0)
    .option('--plugin <package or path>', 'a module with the perturbation, whose code is run')
    .option('--output <file>', 'where to write it (default: a name made of the cell, here)')
    .addHelpText(
      'after',
      `
Example:
  npx loadbearing perturb zoo:lenet-fashion --layer conv1.weight --perturbation bit-flip --intensity 0.01
`,
    )
    .action(
      async (
        reference: string,
        { layer, perturbation: name, intensity, repeat, plugin, output, json }: PerturbOptions,
      ) => {
        const network = await fetchedNetwork(reference)
        if (plugin !== undefined) warnOfPlugin(plugin)
        const perturbation = await findPerturbation(name, plugin)
        const needsInitial = perturbation.target === 'weights' && perturbation.needsInitial
        const initial = needsInitial ? await initialWeights(network, reference) : undefined
        const { bytes, weightSha256 } = perturbModel(network, { layer, perturbation, intensity, repeat }, initial)
        const file =
          output ?? `${[network.name, layer, name, intensity, repeat].join('.').replaceAll(/[^\w.-]/g, '_')}.onnx`
        await writeWhole(file, bytes)
        const cell = { model: network.name, layer, perturbation: name, intensity, repeat, weightSha256, file }
        printResult(json, cell, () =>
          [
            `Wrote ${file}.`,
            `  ${name} at ${intensity} (${perturbation.unit}), repeat ${repeat}, on layer ${layer} of ${network.name}`,
            `  perturbed weight: SHA-256 ${weightSha256}…, as weight_sha256 of this cell in sensitivity.arrow`,
          ].join('\n'),
        )
      },
    )
}
