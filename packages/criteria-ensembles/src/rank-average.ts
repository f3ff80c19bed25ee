import {
  type AnyCriterion,
  byLayer,
  type CriterionContext,
  type LayerScores,
  type Need,
  type Reference,
  type Rng,
} from '@loadbearing/core'
import { averageRanks } from '@loadbearing/ranking'
import { z } from 'zod'

/** A named set of criteria whose ranks are averaged. */
export interface RankedSet {
  readonly name: string
  readonly version: number
  readonly summary: string
  /** At least one; each with the defaults of its options. */
  readonly members: readonly AnyCriterion[]
}

const reference: Reference = {
  title: 'Rank Aggregation Methods for the Web (Dwork et al. 2001)',
  url: 'https://doi.org/10.1145/371920.372165',
}

/**
 * s(l) = (1/M) Σ_m (r_m(l) − ½) / n, where r_m(l) is the rank of layer l among the n layers by the scores of member m, 1 the least
 * important, ties averaged: a number between 0 and 1.
 *
 * Source: Borda's method, as Dwork et al. 2001 describe it, in shares of the number of layers. Ranks make members of any unit
 * comparable and give each the same say.
 *
 * A layer that one of the members cannot score has no score, with that member's reason, and is not among the n. A member that does not
 * look at the perturbation is asked once a model. Each member draws its random numbers from a stream of its own.
 */
export function rankAverage({ name, version, summary, members }: RankedSet): AnyCriterion {
  const needs = [...new Set(members.flatMap((member) => member.needs))]
  return {
    name,
    version,
    summary,
    reference,
    needs,
    options: z.object({}),
    async score(context: CriterionContext<Need>) {
      const all: LayerScores[] = []
      for (const member of members) all.push(await scoresOf(member, context, needs))
      return averaged(members, all, context)
    },
  }
}

function scoresOf(member: AnyCriterion, context: CriterionContext<Need>, needs: readonly Need[]): Promise<LayerScores> {
  const ask = async (rng: Rng): Promise<LayerScores> =>
    member.score(ownContext(member, context, rng) as never, member.options.parse({}) as never)
  // Only where another member is aware of the perturbation is this one asked at every level.
  return needs.includes('perturbation') && !member.needs.includes('perturbation')
    ? context.once(member.name, ask)
    : ask(context.rng.split(member.name))
}

/** The ensemble's context with a stream and a memory that belong to the member; what the ensemble never declared still throws. */
function ownContext(member: AnyCriterion, context: CriterionContext<Need>, rng: Rng): object {
  // With the getters as they are: they throw when they are read, and a member may hand all on that it is given.
  const own = Object.defineProperties({}, Object.getOwnPropertyDescriptors(context))
  if (!member.needs.includes('perturbation')) return Object.assign(own, { rng })
  const once: typeof context.once = (key, compute) => context.once(`${member.name}/${key}`, compute)
  return Object.assign(own, { rng, once })
}

function averaged(
  members: readonly AnyCriterion[],
  all: readonly LayerScores[],
  { layers }: Pick<CriterionContext<Need>, 'layers'>,
): LayerScores {
  const reasons = new Map(layers.map(({ name }) => [name, reasonFor(name)]))
  const scored = layers.filter(({ name }) => reasons.get(name) === undefined)
  const ranks = all.map((scores) => averageRanks(scored.map(({ name }) => scores.get(name)!.value!)))
  const places = new Map(scored.map(({ name }, place) => [name, place]))
  return byLayer(layers, ({ name }) => {
    const place = places.get(name)
    if (place === undefined) return { reason: reasons.get(name)! }
    const total = ranks.reduce((sum, its) => sum + (its[place]! - 0.5) / scored.length, 0)
    return total / members.length
  })

  function reasonFor(layer: string): string | undefined {
    for (const [index, scores] of all.entries()) {
      const score = scores.get(layer)
      if (score?.value !== undefined && Number.isFinite(score.value)) continue
      const why =
        score === undefined
          ? 'gave no score for this layer'
          : score.value === undefined
            ? score.reason
            : `gave ${score.value}`
      return `${members[index]!.name}: ${why}`
    }
    return undefined
  }
}
