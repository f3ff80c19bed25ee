import type { AnyCriterion, Perturbation } from '@loadbearing/core'

/** A plugin and the package or file it comes from. */
export interface Registered<P> {
  readonly plugin: P
  readonly module: string
}

export type RegisteredPerturbation = Registered<Perturbation>
export type RegisteredCriterion = Registered<AnyCriterion>
