import { isDeepStrictEqual } from 'node:util'
import { DatasetError, findNamed, isPerturbationAware, parseOptions, trackOf } from '@loadbearing/core'
import type { Row } from '@loadbearing/dataset'
import { readTable, readTableIfThere, writeTables } from '@loadbearing/dataset/folder'
import type { ImageOptions } from '@loadbearing/zoo'
import { withFolderLock } from './folder-lock.ts'
import { runRow } from './cost.ts'
import type { Level, Passes } from './host.ts'
import { loadModel } from './model.ts'
import { peakMemories, type PeakMemory } from './peak-memory.ts'
import { findPerturbation } from './plugins.ts'
import { type Plan, readPlan } from './plan.ts'
import { placeOf, type RegisteredCriterion } from './registry.ts'
import { type Scored, scoreModel } from './score-model.ts'

/** A criterion to score with, and its options where they differ from the defaults. */
export type ScoredCriterion = RegisteredCriterion & { readonly options?: Readonly<Record<string, unknown>> }

export interface ScoreOptions extends ImageOptions {
  /** The dataset folder that holds the ground truth. */
  readonly out: string
  readonly criteria: readonly ScoredCriterion[]
  /** Names of the measured models to score; all by default. */
  readonly models?: readonly string[]
  /** Images that an engine is given at once, 64 by default: more are faster and take more memory; scores differ by rounding alone. */
  readonly batch?: number | undefined
  /** Measures first what each criterion takes of memory on a model, in a process of its own; left out by default. */
  readonly memory?: boolean
  /** Processes that do so at once; one a core by default. */
  readonly threads?: number | undefined
  /** Leaves alone what is stored already: the same version with the same options on a model. */
  readonly onlyMissing?: boolean
  /** Stops after the pass in hand. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (progress: ScoreProgress) => void
  readonly onMemory?: (progress: MemoryProgress) => void
  /** A model is done: images that it was run on, and those that its criteria asked for. */
  readonly onModel?: (model: string, passes: Passes) => void
}

interface PairProgress {
  readonly criterion: string
  readonly model: string
  /** Pairs of criterion and model: all, and those that are done. */
  readonly pairs: number
  readonly finished: number
}

/** What a criterion takes of memory on a model is known, or why it is not. */
export interface MemoryProgress extends PairProgress {
  readonly memory: PeakMemory
}

/** A criterion has scored a model. The criteria of a model share passes and end close together. */
export interface ScoreProgress extends PairProgress {
  /** Layers (of all levels) that got a score, and those that did not with the first reason. */
  readonly scored: number
  readonly failed: number
  readonly reason: string | null
  /** Of those with a score, the ones whose draws ended at their cap. */
  readonly capped: number
  /** What ran the network, with its version; null where nothing did. */
  readonly engine: string | null
  readonly seconds: number
  /** Bytes of resident memory above idle, in a process of its own; null where it was not measured. */
  readonly peakMemory: number | null
}

/**
 * Scores the layers of measured models by criteria, on calibration images; what was stored of the same criterion on the same model
 * is replaced. A perturbation-aware criterion is scored at every level of every perturbation that was measured. A criterion that
 * fails leaves its reason in place of scores. Nothing is measured again. What is scored is kept, also when it throws.
 *
 * @throws DatasetError when nothing was measured into the folder; InputError on an unknown model or option, or when another process
 *   writes to the folder; the signal's reason when aborted
 */
export async function score(options: ScoreOptions): Promise<void> {
  const plan = await measuredPlan(options.out)
  await withFolderLock(options.out, () => scoreInto(plan, options))
}

async function scoreInto(
  plan: Plan,
  { out, criteria, models: names, onlyMissing = false, memory = false, signal, ...more }: ScoreOptions,
): Promise<void> {
  const { batch, threads, onProgress, onMemory, onModel, ...images } = more
  const measured = await readTable(out, 'models')
  const models = names?.map((name) => findNamed('measured model', name, measured)) ?? measured
  const layers = await readTable(out, 'layers')
  const perturbations = await readTable(out, 'perturbations')
  const stored = await readStored(out)
  const options = criteria.map(({ plugin, options: given }) => parseOptions(plugin, given ?? {}))
  const described = [...stored.criteria]
  const changed = new Set<number>()
  const ids = criteria.map((criterion, index) => {
    const known = described.findIndex(({ name }) => name === criterion.plugin.name)
    const id = known < 0 ? described.length : known
    const row = describe(id, criterion, options[index]!)
    if (known < 0 || !isDeepStrictEqual(described[id], row)) changed.add(id)
    described[id] = row
    return id
  })
  // Scores of another version or with other options are no longer what the table of criteria says they are.
  let scores = stored.scores.filter(({ criterion_id: id }) => !changed.has(id))
  let runs = stored.runs.filter(({ criterion_id: id }) => id === null || !changed.has(id))

  const work: { modelId: number; levels: PlannedLevel[]; pending: number[] }[] = []
  for (const { model_id: modelId, name } of models) {
    const levels = (await levelsOf(plan, name)).filter(({ perturbationId }) => perturbationId < perturbations.length)
    const count = layers.filter((layer) => layer.model_id === modelId).length
    const isStored = (index: number): boolean => {
      const rows = scores.filter((row) => row.model_id === modelId && row.criterion_id === ids[index])
      return rows.length === count * (isPerturbationAware(criteria[index]!.plugin) ? levels.length : 1)
    }
    const pending = [...criteria.keys()].filter((index) => !onlyMissing || !isStored(index))
    if (pending.length > 0) work.push({ modelId, levels, pending })
  }
  const pairs = work.reduce((sum, { pending }) => sum + pending.length, 0)
  if (pairs === 0) return

  let [weighed, finished] = [0, 0]
  try {
    for (const { modelId, levels, pending } of work) {
      signal?.throwIfAborted()
      const model = await loadModel(plan.models[modelId]!.source, { ...images, signal })
      const firstLayer = layers.findIndex((layer) => layer.model_id === modelId)
      const asked = pending.map((index) => ({ ...criteria[index]!, options: options[index]! }))
      const [level] = levels
      const alone = (memory ? asked : []).map((its) => ({
        source: model.source,
        cifar10: images.cifar10,
        batch,
        criterion: placeOf(its),
        options: its.options,
        level: level && {
          perturbation: { name: level.perturbation.name, module: level.module },
          intensity: level.intensity,
        },
      }))
      const memories = await peakMemories(alone, {
        threads,
        signal,
        onKnown(at, its) {
          const criterion = asked[at]!.plugin.name
          onMemory?.({ criterion, model: model.name, pairs, finished: ++weighed, memory: its })
        },
      })
      const keep = (at: number, { outcomes, cost }: Scored<PlannedLevel>): void => {
        const criterionId = ids[pending[at]!]!
        const its = memories[at]
        const peakMemory = its && 'bytes' in its ? its.bytes : null
        const rows = outcomes.flatMap(({ level, layers: of }) =>
          [...of.values()].map((outcome, depth) => ({
            criterion_id: criterionId,
            model_id: modelId,
            layer_id: firstLayer + depth,
            perturbation_id: level?.perturbationId ?? null,
            level: level?.index ?? null,
            value: outcome.value ?? null,
            standard_error: outcome.value === undefined ? null : (outcome.standardError ?? null),
            capped: outcome.value !== undefined && outcome.capped === true,
            engine: cost.engine,
            reason: outcome.reason ?? null,
          })),
        )
        const replaced = (row: { model_id: number | null; criterion_id: number | null }): boolean =>
          row.model_id === modelId && row.criterion_id === criterionId
        scores = [...scores.filter((row) => !replaced(row)), ...rows]
        runs = [
          ...runs.filter((row) => !replaced(row)),
          runRow('score', modelId, criterionId, { ...cost, peakMemory, threads: 1 }),
        ]
        const failures = rows.filter(({ reason }) => reason !== null)
        onProgress?.({
          criterion: asked[at]!.plugin.name,
          model: model.name,
          pairs,
          finished: ++finished,
          scored: rows.length - failures.length,
          failed: failures.length,
          reason: failures[0]?.reason ?? null,
          capped: rows.filter(({ capped }) => capped).length,
          engine: cost.engine,
          seconds: cost.seconds,
          peakMemory,
        })
      }
      const passes = await scoreModel(model, asked, levels, { ...images, batch, signal, onDone: keep })
      onModel?.(model.name, passes)
    }
    signal?.throwIfAborted()
  } finally {
    await writeTables(out, { criteria: described, scores: scores.sort(inOrder), runs })
  }
}

async function readStored(out: string) {
  const [criteria, scores, runs] = await Promise.all([
    readTableIfThere(out, 'criteria'),
    readTableIfThere(out, 'scores'),
    readTableIfThere(out, 'runs'),
  ])
  return { criteria, scores, runs }
}

function inOrder(a: Row<'scores'>, b: Row<'scores'>): number {
  return (
    a.criterion_id - b.criterion_id ||
    a.model_id - b.model_id ||
    (a.perturbation_id ?? -1) - (b.perturbation_id ?? -1) ||
    (a.level ?? -1) - (b.level ?? -1) ||
    a.layer_id - b.layer_id
  )
}

/** The plan of a folder that holds measured truth. @throws DatasetError where it does not */
async function measuredPlan(out: string): Promise<Plan> {
  const plan = await readPlan(out)
  if (plan && (await readTableIfThere(out, 'sensitivity')).length > 0) return plan
  throw new DatasetError(`${out} holds no ground truth yet.`, {
    hint: plan
      ? 'Its measurement was interrupted; the same command goes on with it.'
      : 'Measure first: npx loadbearing measure.',
  })
}

interface PlannedLevel extends Level {
  /** Where the perturbation comes from, if it is not built in. */
  readonly module: string | undefined
  readonly perturbationId: number
  readonly index: number
}

async function levelsOf(plan: Plan, model: string): Promise<PlannedLevel[]> {
  const measured = plan.perturbations
    .map((planned, perturbationId) => ({ ...planned, perturbationId }))
    .filter(({ name }) => plan.pairs.some((pair) => pair.model === model && pair.perturbation === name))
  const levels = await Promise.all(
    measured.map(async ({ name, module, intensities, perturbationId }) => {
      const perturbation = await findPerturbation(name, module)
      return intensities.map((intensity, index) => ({ perturbation, module, intensity, perturbationId, index }))
    }),
  )
  return levels.flat()
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
