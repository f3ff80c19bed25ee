import type { AnyCriterion, Perturbation } from '@loadbearing/core'

/** A plugin and the package or file it comes from. */
export interface Registered<P> {
  readonly plugin: P
  readonly module: string
}

export type RegisteredPerturbation = Registered<Perturbation>
export type RegisteredCriterion = Registered<AnyCriterion>

/** Where another thread or process finds a plugin. */
export interface PluginPlace {
  readonly name: string
  /** The path or package that it comes from; undefined where it is built in. */
  readonly module: string | undefined
}

export function placeOf({ plugin, module }: Registered<{ readonly name: string }>): PluginPlace {
  return { name: plugin.name, module: module.startsWith('@loadbearing/') ? undefined : module }
}
