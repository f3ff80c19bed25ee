import { loadPlugins, perturbations, type RegisteredPerturbation } from '@loadbearing/bench'
import { Command } from 'commander'
import pc from 'picocolors'
import { printResult } from '../terminal/output.ts'
import type { CommonOptions } from './options.ts'
import { pluginOption, warnOfPlugin } from './plugin-option.ts'

export function perturbationsCommand(): Command {
  return new Command('perturbations')
    .description('list the perturbations with their source, unit and grid')
    .addOption(pluginOption())
    .action(async ({ json, plugin = [] }: CommonOptions & { plugin?: string[] }) => {
      const all = [...perturbations]
      for (const specifier of plugin) {
        warnOfPlugin(specifier)
        all.push(...(await loadPlugins(specifier)).perturbations)
      }
      printResult(json, all.map(asValue), () => all.map(describe).join('\n\n'))
    })
}

function asValue({ plugin, module }: RegisteredPerturbation) {
  const { name, version, family, summary, reference, target, unit, intensities, stochastic } = plugin
  return { name, version, package: module, family, summary, reference, target, unit, intensities, stochastic }
}

function describe({ plugin, module }: RegisteredPerturbation): string {
  const { name, family, summary, reference, target, unit, intensities, stochastic } = plugin
  return [
    `${pc.bold(name)}  ${pc.dim(`${family}, on ${target}, ${stochastic ? 'every repeat differs' : 'deterministic'}; ${module}`)}`,
    `  ${summary}`,
    `  grid     ${intensities.join(', ')}  ${pc.dim(unit)}`,
    `  source   ${reference.title}`,
    `           ${pc.dim(reference.url)}`,
  ].join('\n')
}
