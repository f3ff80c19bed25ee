import { DatasetError } from '@loadbearing/core'
import type { Row } from '@loadbearing/dataset'
import { type CriterionSizeEffect, meanSizeEffect, type SizeCorrelations, type Track } from '@loadbearing/ranking'
import { z } from 'zod'
import { known } from './known.ts'
import { words } from './lists.ts'
import type { Source } from './perturbations.ts'
import type { StoredRows } from './tables.ts'

/** What scoring cost. */
export interface Cost {
  readonly seconds: number
  /** All threads. */
  readonly cpuSeconds: number
  /** Bytes of resident memory above idle, in a process of its own; null where it was not measured. */
  readonly peakMemory: number | null
  /** Different images used. */
  readonly images: number
  /** Forward passes of one image. */
  readonly forwards: number
  /** Backward passes of one image. */
  readonly backwards: number
  /** Forward passes of one image for every score that came of it: a layer, or a layer at a level where the criterion is aware. */
  readonly forwardsPerScore: number
}

/** A criterion that was scored. */
export interface Criterion extends Pick<Row<'criteria'>, 'name' | 'version' | 'package' | 'aware' | 'summary'> {
  readonly id: number
  readonly track: Track
  readonly needs: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly reference: Source
  /** What ran the network, with versions: none where it reads the weights alone. */
  readonly engines: readonly string[]
  /** What it cost on each model, by name. */
  readonly costs: ReadonlyMap<string, Cost>
  /** What it costs a model: means over models, but of memory and images the most on any, of memory null where one is not known. Null where nothing was recorded. */
  readonly cost: Cost | null
  /** How its scores go with the size of the layers: once a model, or once a model and perturbation where it is aware. */
  readonly sizeEffects: readonly CriterionSizeEffect[]
  /** The mean of these. */
  readonly sizeEffect: SizeCorrelations
}

/** @throws DatasetError where a row cannot be what it says */
export function criteriaOf(rows: StoredRows): Criterion[] {
  const { criteria, models, scores, runs } = rows
  return criteria.map((row) => {
    const sizeEffects = sizeEffectsOf(row, rows)
    const said = scores.filter((score) => score.criterion_id === row.criterion_id)
    const costs = new Map(
      runs.flatMap((run) => {
        const model = models.find(({ model_id: id }) => id === run.model_id)
        if (run.kind !== 'score' || run.criterion_id !== row.criterion_id || !model) return []
        const its = said.filter((score) => score.model_id === run.model_id)
        return [[model.name, costOf(run, its.length)] as const]
      }),
    )
    return {
      id: row.criterion_id,
      name: row.name,
      version: row.version,
      package: row.package,
      track: trackOf(row),
      aware: row.aware,
      needs: words(row.needs),
      options: optionsOf(row),
      summary: row.summary,
      reference: { title: row.reference_title, url: row.reference_url },
      engines: [...new Set(said.flatMap(({ engine }) => engine ?? []))],
      costs,
      cost: typicalCost([...costs.values()], said.length),
      sizeEffects,
      sizeEffect: meanSizeEffect(sizeEffects),
    }
  })
}

function sizeEffectsOf(
  { criterion_id: id, name }: Row<'criteria'>,
  { models, perturbations, size_effects: effects }: StoredRows,
): CriterionSizeEffect[] {
  return effects
    .filter((row) => row.criterion_id === id)
    .map(({ criterion_id: _, model_id: model, perturbation_id: perturbation, ...effect }) => ({
      criterion: name,
      model: known('model', models[model]).name,
      perturbation: perturbation === null ? null : known('perturbation', perturbations[perturbation]).name,
      ...effect,
    }))
}

function costOf(run: Row<'runs'>, scores: number): Cost {
  return {
    seconds: run.seconds,
    cpuSeconds: run.cpu_seconds,
    peakMemory: run.peak_memory,
    images: run.examples,
    forwards: run.forwards,
    backwards: run.backwards,
    forwardsPerScore: scores === 0 ? 0 : run.forwards / scores,
  }
}

function typicalCost(costs: readonly Cost[], scores: number): Cost | null {
  if (costs.length === 0) return null
  const sum = (of: (cost: Cost) => number): number => costs.reduce((total, cost) => total + of(cost), 0)
  const mean = (of: (cost: Cost) => number): number => sum(of) / costs.length
  const most = (of: (cost: Cost) => number): number => Math.max(...costs.map(of))
  const memories = costs.flatMap(({ peakMemory }) => peakMemory ?? [])
  return {
    seconds: mean(({ seconds }) => seconds),
    cpuSeconds: mean(({ cpuSeconds }) => cpuSeconds),
    peakMemory: memories.length < costs.length ? null : Math.max(...memories),
    images: most(({ images }) => images),
    forwards: mean(({ forwards }) => forwards),
    backwards: mean(({ backwards }) => backwards),
    forwardsPerScore: scores === 0 ? 0 : sum(({ forwards }) => forwards) / scores,
  }
}

const scoreAgain = 'Score it again: npx loadbearing score.'

function trackOf({ name, track }: Row<'criteria'>): Track {
  if (track === 'predictor' || track === 'probe') return track
  throw new DatasetError(`The criterion '${name}' is of an unknown track, '${track}'.`, { hint: scoreAgain })
}

function optionsOf({ name, options }: Row<'criteria'>): Readonly<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(options))
  } catch (cause) {
    throw new DatasetError(`The options of the criterion '${name}' are no object in JSON.`, { hint: scoreAgain, cause })
  }
}
