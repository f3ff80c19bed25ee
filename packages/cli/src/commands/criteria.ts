import { criteria, loadPlugins, type RegisteredCriterion } from '@loadbearing/bench'
import { type AnyCriterion, isPerturbationAware, trackOf } from '@loadbearing/core'
import { Command } from 'commander'
import pc from 'picocolors'
import { z } from 'zod'
import { printResult } from '../terminal/output.ts'
import type { CommonOptions } from './options.ts'
import { pluginOption, warnOfPlugin } from './plugin-option.ts'

export function criteriaCommand(): Command {
  return new Command('criteria')
    .description('list the criteria with their source, needs and options')
    .addOption(pluginOption())
    .action(async ({ json, plugin = [] }: CommonOptions & { plugin?: string[] }) => {
      const all = [...criteria]
      for (const specifier of plugin) {
        warnOfPlugin(specifier)
        all.push(...(await loadPlugins(specifier)).criteria)
      }
      printResult(json, all.map(asValue), () => all.map(describe).join('\n\n'))
    })
}

/** An option of a criterion: its default, and what it is for. */
interface CriterionOption {
  readonly name: string
  readonly default: unknown
  readonly description: string
}

function optionsOf({ options }: AnyCriterion): CriterionOption[] {
  const { properties = {} } = z.toJSONSchema(options, { io: 'input' })
  return Object.entries(properties).map(([name, schema]) => {
    const { default: value, description = '' } = typeof schema === 'object' ? schema : {}
    return { name, default: value, description }
  })
}

function asValue({ plugin, module }: RegisteredCriterion) {
  const { name, version, summary, reference, needs } = plugin
  return {
    name,
    version,
    package: module,
    summary,
    reference,
    track: trackOf(plugin),
    perturbationAware: isPerturbationAware(plugin),
    needs,
    options: optionsOf(plugin),
  }
}

function describe(registered: RegisteredCriterion): string {
  const { name, module, summary, reference, track, perturbationAware, needs, options } = {
    ...asValue(registered),
    module: registered.module,
  }
  const scored = perturbationAware ? 'scored at every intensity' : 'scored once a model'
  return [
    `${pc.bold(name)}  ${pc.dim(`${track}, ${scored}; ${module}`)}`,
    `  ${summary}`,
    `  needs    ${needs.join(', ') || 'nothing'}`,
    ...options.map(
      (option) => `  option   ${option.name} = ${JSON.stringify(option.default)}  ${pc.dim(option.description)}`,
    ),
    `  source   ${reference.title}`,
    `           ${pc.dim(reference.url)}`,
  ].join('\n')
}
