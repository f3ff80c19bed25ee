import {
  type AnyCriterion,
  DatasetError,
  findNamed,
  isPerturbationAware,
  parseOptions,
  type ScoreOutcome,
  scoreLayers,
  trackOf,
} from '@loadbearing/core'
import type { Row } from '@loadbearing/dataset'
import { readTableIfThere, writeTables } from '@loadbearing/dataset/folder'
import { type Level, openHost } from './host.ts'
import { type Cost, runRow, startMeter } from './cost.ts'
import { type BenchModel, loadModel } from './model.ts'
import { findPerturbation } from './plugins.ts'
import { type Plan, readPlan, sourceOf } from './plan.ts'
import type { RegisteredCriterion } from './registry.ts'

/** A criterion to score with, and its options where they differ from the defaults. */
export type ScoredCriterion = RegisteredCriterion & { readonly options?: Readonly<Record<string, unknown>> }

export interface ScoreOptions {
  /** The dataset folder that holds the ground truth. */
  readonly out: string
  readonly criteria: readonly ScoredCriterion[]
  /** Names of the measured models to score; all by default. */
  readonly models?: readonly string[]
  readonly onProgress?: (progress: ScoreProgress) => void
}

export interface ScoreProgress {
  readonly criterion: string
  readonly model: string
  /** Pairs of criterion and model: all, and those that are done. */
  readonly pairs: number
  readonly finished: number
  /** Layers (of all levels) that got a score, and those that did not with the first reason. */
  readonly scored: number
  readonly failed: number
  readonly reason: string | null
  readonly seconds: number
}

/**
 * Scores the layers of measured models by criteria, on calibration images; what was stored of the same criterion on the same model
 * is replaced. A perturbation-aware criterion is scored at every level of every perturbation that was measured. A criterion that
 * fails leaves its reason in place of scores. Nothing is measured again.
 *
 * @throws DatasetError when nothing was measured into the folder; InputError on an unknown model or option
 */
export async function score({ out, criteria, models: names, onProgress }: ScoreOptions): Promise<void> {
  const plan = await measuredPlan(out)
  const modelIds = (names ?? plan.models.map(({ name }) => name)).map((name) =>
    plan.models.indexOf(findNamed('measured model', name, plan.models)),
  )
  const options = criteria.map(({ plugin, options: given }) => parseOptions(plugin, given ?? {}))
  let criteriaRows = await readTableIfThere(out, 'criteria')
  const ids = criteria.map(({ plugin }) => {
    const known = criteriaRows.findIndex(({ name }) => name === plugin.name)
    return known >= 0 ? known : (criteriaRows.push({ ...blank, name: plugin.name }), criteriaRows.length - 1)
  })
  criteriaRows = criteriaRows.map((row, id) => {
    const index = ids.indexOf(id)
    return index < 0 ? row : describe(id, criteria[index]!, options[index]!)
  })

  const scores: Row<'scores'>[] = []
  const runs: Row<'runs'>[] = []
  const pairs = modelIds.length * criteria.length
  let finished = 0
  const firstLayers = firstLayerIds(await readTableIfThere(out, 'layers'), plan.models.length)
  for (const modelId of modelIds) {
    const model = await loadModel(sourceOf(plan.models[modelId]!))
    const levels = await levelsOf(plan, model.name)
    for (const [index, { plugin }] of criteria.entries()) {
      const criterionId = ids[index]!
      const { outcomes, cost } = await scoreModel(plugin, options[index]!, model, levels)
      const rows = outcomes.flatMap(({ level, layers }) =>
        [...layers.values()].map((outcome, depth) => ({
          criterion_id: criterionId,
          model_id: modelId,
          layer_id: firstLayers[modelId]! + depth,
          perturbation_id: level?.perturbationId ?? null,
          level: level?.index ?? null,
          value: outcome.value ?? null,
          standard_error: outcome.value === undefined ? null : (outcome.standardError ?? null),
          reason: outcome.reason ?? null,
        })),
      )
      scores.push(...rows)
      runs.push(runRow('score', modelId, criterionId, cost))
      finished++
      const failures = rows.filter(({ reason }) => reason !== null)
      onProgress?.({
        criterion: plugin.name,
        model: model.name,
        pairs,
        finished,
        scored: rows.length - failures.length,
        failed: failures.length,
        reason: failures[0]?.reason ?? null,
        seconds: cost.seconds,
      })
    }
  }

  const replaced = (row: { model_id: number | null; criterion_id: number | null }): boolean =>
    row.model_id !== null &&
    row.criterion_id !== null &&
    modelIds.includes(row.model_id) &&
    ids.includes(row.criterion_id)
  const kept = (await readTableIfThere(out, 'scores')).filter((row) => !replaced(row))
  const keptRuns = (await readTableIfThere(out, 'runs')).filter((row) => row.kind !== 'score' || !replaced(row))
  const byCriterion = (a: Row<'scores'>, b: Row<'scores'>): number =>
    a.criterion_id - b.criterion_id ||
    a.model_id - b.model_id ||
    (a.perturbation_id ?? -1) - (b.perturbation_id ?? -1) ||
    (a.level ?? -1) - (b.level ?? -1) ||
    a.layer_id - b.layer_id
  await writeTables(out, {
    criteria: criteriaRows,
    scores: [...kept, ...scores].sort(byCriterion),
    runs: [...keptRuns, ...runs],
  })
}

/** The plan of a folder that holds measured truth. @throws DatasetError where it does not */
export async function measuredPlan(out: string): Promise<Plan> {
  const plan = await readPlan(out)
  if (plan && (await readTableIfThere(out, 'sensitivity')).length > 0) return plan
  throw new DatasetError(`${out} holds no ground truth yet.`, {
    hint: plan
      ? 'Its measurement was interrupted; the same command goes on with it.'
      : 'Measure first: npx loadbearing measure.',
  })
}

interface PlannedLevel extends Level {
  readonly perturbationId: number
  readonly index: number
}

async function levelsOf(plan: Plan, model: string): Promise<PlannedLevel[]> {
  const measured = plan.perturbations
    .map((planned, perturbationId) => ({ ...planned, perturbationId }))
    .filter(({ name }) => plan.pairs.some(([its, perturbation]) => its === model && perturbation === name))
  const levels = await Promise.all(
    measured.map(async ({ name, module, intensities, perturbationId }) => {
      const perturbation = await findPerturbation(name, module)
      return intensities.map((intensity, index) => ({ perturbation, intensity, perturbationId, index }))
    }),
  )
  return levels.flat()
}

interface Scored {
  readonly outcomes: { readonly level: PlannedLevel | undefined; readonly layers: Map<string, ScoreOutcome> }[]
  readonly cost: Cost
}

async function scoreModel(
  criterion: AnyCriterion,
  options: Readonly<Record<string, unknown>>,
  model: BenchModel,
  levels: readonly PlannedLevel[],
): Promise<Scored> {
  const host = await openHost(model)
  const meter = startMeter()
  const outcomes: Scored['outcomes'] = []
  try {
    for (const level of isPerturbationAware(criterion) ? levels : [undefined]) {
      const stream = [criterion.name, criterion.version]
      const context = level
        ? host.context([...stream, level.perturbation.name, level.perturbation.version, level.intensity], level)
        : host.context(stream)
      outcomes.push({ level, layers: await scoreLayers(criterion, context, options) })
    }
    return { outcomes, cost: { ...meter.read(), examples: host.examples(), forwards: host.forwards(), threads: 1 } }
  } finally {
    meter.stop()
    await host.release()
  }
}

const blank: Row<'criteria'> = {
  criterion_id: 0,
  name: '',
  version: 0,
  package: '',
  track: '',
  aware: false,
  needs: '',
  options: '',
  summary: '',
  reference_title: '',
  reference_url: '',
}

function describe(
  id: number,
  { plugin, module }: RegisteredCriterion,
  options: Readonly<Record<string, unknown>>,
): Row<'criteria'> {
  return {
    criterion_id: id,
    name: plugin.name,
    version: plugin.version,
    package: module,
    track: trackOf(plugin),
    aware: isPerturbationAware(plugin),
    needs: plugin.needs.join(),
    options: JSON.stringify(options),
    summary: plugin.summary,
    reference_title: plugin.reference.title,
    reference_url: plugin.reference.url,
  }
}

/** The id of every model's first layer. */
function firstLayerIds(layers: readonly Row<'layers'>[], models: number): number[] {
  return Array.from({ length: models }, (_, model) => layers.findIndex(({ model_id: id }) => id === model))
}
