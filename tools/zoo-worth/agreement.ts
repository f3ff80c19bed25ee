import { averageRanks, spearman } from '@loadbearing/ranking'
import { mean } from './averages.ts'

/** Two networks that share fewer roles are not compared by role. */
export const fewestRoles = 5

/** What one network loses in one task, layer by layer. */
export interface NetworkDrops {
  readonly name: string
  /** Architecture family. */
  readonly family: string
  /** The measured layers in order of depth. */
  readonly layers: readonly LayerDrop[]
}

export interface LayerDrop {
  /** Where in its architecture it stands: the same in all variants of a network. */
  readonly place: string
  readonly role: string
  /** Pooled truth: accuracy lost. */
  readonly drop: number
}

/** A pair of networks and how much their layers agree. */
export interface Agreement {
  readonly pair: readonly [NetworkDrops, NetworkDrops]
  /** Spearman's ρ. */
  readonly rho: number
}

/** How networks agree under one perturbation, pair by pair. */
export interface Agreements {
  /** Variants of one architecture, layer by layer. */
  readonly variants: readonly Agreement[]
  /** The same pairs, role by role. */
  readonly variantsByRole: readonly Agreement[]
  /** Networks of one family that are not variants of each other, e.g. of another depth, role by role. */
  readonly relatives: readonly Agreement[]
  /** Networks of different families, role by role. */
  readonly strangers: readonly Agreement[]
}

/** The place of a layer: its weight's name without the ending, and without what batch normalisation that is not folded adds to it. */
export function placeOf(name: string): string {
  return name.replace(/(\.conv)?\.weight$/, '')
}

/** Compares every pair of networks; pairs that share too few roles are not compared by role. */
export function agreementsOf(networks: readonly NetworkDrops[]): Agreements {
  const found: Record<keyof Agreements, Agreement[]> = {
    variants: [],
    variantsByRole: [],
    relatives: [],
    strangers: [],
  }
  for (const [index, b] of networks.entries()) {
    for (const a of networks.slice(0, index)) {
      const variants = areVariants(a, b)
      if (variants) found.variants.push({ pair: [a, b], rho: agreementByPlace(a, b) })
      const rho = agreementByRole(a, b)
      if (rho === null) continue
      const reading = variants ? 'variantsByRole' : a.family === b.family ? 'relatives' : 'strangers'
      found[reading].push({ pair: [a, b], rho })
    }
  }
  return found
}

/** Of one family, and with layers at exactly the same places. */
function areVariants(a: NetworkDrops, b: NetworkDrops): boolean {
  const places = ({ layers }: NetworkDrops): string =>
    layers
      .map(({ place }) => place)
      .sort()
      .join()
  return a.family === b.family && places(a) === places(b)
}

function agreementByPlace(a: NetworkDrops, b: NetworkDrops): number {
  const drops = new Map(b.layers.map(({ place, drop }) => [place, drop]))
  return spearman(
    a.layers.map(({ drop }) => drop),
    a.layers.map(({ place }) => drops.get(place)!),
  )
}

/** Spearman's ρ over the shared roles of the mean rank that a role's layers have in their network; null where too few are shared. */
function agreementByRole(a: NetworkDrops, b: NetworkDrops): number | null {
  const [ranksA, ranksB] = [rankByRole(a), rankByRole(b)]
  const shared = [...ranksA.keys()].filter((role) => ranksB.has(role))
  if (shared.length < fewestRoles) return null
  return spearman(
    shared.map((role) => ranksA.get(role)!),
    shared.map((role) => ranksB.get(role)!),
  )
}

function rankByRole({ layers }: NetworkDrops): Map<string, number> {
  const ranks = averageRanks(layers.map(({ drop }) => drop))
  const roles = new Set(layers.map(({ role }) => role))
  return new Map([...roles].map((role) => [role, mean(ranks.filter((_, layer) => layers[layer]!.role === role))!]))
}
