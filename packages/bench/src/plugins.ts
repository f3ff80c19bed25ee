import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  type AnyCriterion,
  families,
  findNamed,
  InputError,
  needs,
  type Perturbation,
  PluginError,
} from '@loadbearing/core'
import { z } from 'zod'
import type { Registered, RegisteredCriterion, RegisteredPerturbation } from './registry.ts'
import { criteria, perturbations } from './registry.generated.ts'

/** The plugins of a module. */
export interface LoadedPlugins {
  readonly criteria: readonly RegisteredCriterion[]
  readonly perturbations: readonly RegisteredPerturbation[]
}

const about = z.object({
  name: z.string().min(1),
  version: z.int().positive(),
  summary: z.string().min(1),
  reference: z.object({ title: z.string(), url: z.string() }),
})
const isFunction = z.custom((value) => typeof value === 'function', 'must be a function')
const criterionShape = about.extend({
  needs: z.array(z.enum(needs)),
  options: z.custom<z.ZodObject>(
    (value) => typeof (value as z.ZodObject | undefined)?.safeParse === 'function',
    'must be a zod object',
  ),
  score: isFunction,
})
const perturbationShape = about.extend({
  family: z.enum(families),
  target: z.enum(['weights', 'activations']),
  unit: z.string(),
  intensities: z.array(z.number()).min(1),
  stochastic: z.boolean(),
  apply: isFunction,
})

/**
 * The criteria and perturbations that a module exports, by whatever names, alone or in arrays. Importing runs its code.
 *
 * @param specifier a path, or the name of a package that is installed where the command runs
 * @throws InputError when there is no such module or it exports no plugin; PluginError naming the field that is wrong, or a name taken
 */
export async function loadPlugins(specifier: string): Promise<LoadedPlugins> {
  const exported = new Set(Object.values(await importModule(specifier)).flat())
  const found: LoadedPlugins = {
    criteria: [...exported].filter(isCriterion).map((plugin) => checked(plugin, criterionShape, specifier)),
    perturbations: [...exported].filter(isPerturbation).map((plugin) => checked(plugin, perturbationShape, specifier)),
  }
  if (found.criteria.length + found.perturbations.length === 0) {
    throw new InputError(`${specifier} exports no plugin.`, {
      hint: 'Export what defineCriterion or definePerturbation of @loadbearing/core returns.',
    })
  }
  const taken = new Set([...criteria, ...perturbations].map(({ plugin }) => plugin.name))
  const clash = [...found.criteria, ...found.perturbations].find(({ plugin }) => taken.has(plugin.name))
  if (clash) {
    throw new PluginError(
      `${specifier} exports a plugin called '${clash.plugin.name}', which Loadbearing has already.`,
      {
        hint: 'Give it a name of its own.',
      },
    )
  }
  return found
}

/** A built-in perturbation, or one of `module`. @throws InputError naming the nearest name */
export async function findPerturbation(name: string, module?: string): Promise<Perturbation> {
  return pluginAmong(
    module === undefined ? perturbations : (await loadPlugins(module)).perturbations,
    'perturbation',
    name,
  )
}

/** A built-in criterion, or one of `module`. @throws InputError naming the nearest name */
export async function findCriterion(name: string, module?: string): Promise<AnyCriterion> {
  return pluginAmong(module === undefined ? criteria : (await loadPlugins(module)).criteria, 'criterion', name)
}

function pluginAmong<P extends { readonly name: string }>(
  found: readonly Registered<P>[],
  what: string,
  name: string,
): P {
  return findNamed(
    what,
    name,
    found.map(({ plugin }) => plugin),
  )
}

const isCriterion = (value: unknown): value is AnyCriterion =>
  typeof value === 'object' && value !== null && 'score' in value

const isPerturbation = (value: unknown): value is Perturbation =>
  typeof value === 'object' && value !== null && 'apply' in value

function checked<P extends { readonly name: string }>(plugin: P, shape: z.ZodType, module: string): Registered<P> {
  const parsed = shape.safeParse(plugin)
  if (parsed.success) return { plugin, module }
  const [issue] = parsed.error.issues
  throw new PluginError(
    `${module}: the plugin '${plugin.name}' has a wrong '${issue?.path.join('.') ?? ''}': ${issue?.message ?? ''}.`,
    {
      hint: 'Declare it with defineCriterion or definePerturbation of @loadbearing/core, which check this as you type.',
    },
  )
}

async function importModule(specifier: string): Promise<Record<string, unknown>> {
  const path = resolve(specifier)
  try {
    const url = existsSync(path)
      ? pathToFileURL(path)
      : pathToFileURL(createRequire(join(process.cwd(), 'plugin.js')).resolve(specifier))
    return (await import(url.href)) as Record<string, unknown>
  } catch (cause) {
    // Node lists below its first line who asked for the module.
    const [sentence] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    throw new InputError(`The plugin ${specifier} cannot be loaded: ${sentence}.`, {
      hint: existsSync(path)
        ? 'Mend the file; --debug shows where it fails.'
        : 'Name a path (./mine.ts) or a package that is installed here.',
      cause,
    })
  }
}
