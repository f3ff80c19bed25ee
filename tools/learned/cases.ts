import { intensitiesOf, type MeasuredTask } from '@loadbearing/bench'
import { centredRanks, featureNames } from '@loadbearing/criteria-ensembles/features'
import { type Task, taskWeights, type TruthKind, truthKinds } from '@loadbearing/ranking'
import type { ModelFeatures } from './features.ts'

/** All that a combination can be learnt from: the features, and what was tried beside them. */
export const columns = [...featureNames, 'macs'] as const
export type Column = (typeof columns)[number]

/** A task in one kind of truth, with the ranks of its layers by every column: a mean over live levels. */
export interface Case extends Omit<Task, 'scores'> {
  readonly kind: TruthKind
  readonly ranks: ReadonlyMap<Column, readonly (number | null)[]>
}

/** The cases that count, of all tasks in both kinds of truth. */
export function casesOf({ model, perturbation, layers, measured }: MeasuredTask, features: ModelFeatures): Case[] {
  const levels = features[perturbation.name]!
  const pooled = (column: Column): (number | null)[] => {
    const byLevel = measured.live.map((level) => ranked(layers.map((_, layer) => valueOf(column, level, layer))))
    return layers.map((_, layer) => mean(byLevel.map((its) => its[layer]!)))
  }
  const valueOf = (column: Column, level: number, layer: number): number | null => {
    if (column === 'macs') return layers[layer]!.macs
    return levels[level]![layer]?.[featureNames.indexOf(column)] ?? null
  }
  const ranks: Case['ranks'] = new Map(columns.map((column) => [column, pooled(column)]))
  return truthKinds.flatMap((kind) => {
    const { status, ceiling, layers: truths } = measured.truths[kind]
    if (!status.counts || ceiling.value === null) return []
    return [
      {
        kind,
        model: model.name,
        family: model.family,
        perturbation: perturbation.name,
        group: perturbation.group,
        truth: truths.map((its) => its?.value ?? null),
        ceiling: ceiling.value,
        counts: true,
        ranks,
      },
    ]
  })
}

/** The intensities at which each perturbation of a network was measured. */
export function levelsOf(tasks: readonly MeasuredTask[]): { name: string; intensities: number[] }[] {
  return tasks.map(({ perturbation }) => ({ name: perturbation.name, intensities: intensitiesOf(perturbation) }))
}

/** Ranks among those that have a value. */
function ranked(values: readonly (number | null)[]): (number | null)[] {
  const places = values.flatMap((value, place) => (value === null ? [] : [place]))
  const ranks = centredRanks(places.map((place) => values[place]!))
  const found = values.map((): number | null => null)
  places.forEach((place, i) => (found[place] = ranks[i]!))
  return found
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length < values.length || known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length
}

/** The weight of each case, as in the headline of its own kind of truth; each kind has the same say. */
export function weightsOf(cases: readonly Case[]): number[] {
  const weights = new Map<Case, number>()
  for (const kind of truthKinds) {
    const its = cases.filter((each) => each.kind === kind)
    taskWeights(its).forEach((weight, i) => weights.set(its[i]!, weight / truthKinds.length))
  }
  return cases.map((each) => weights.get(each)!)
}
