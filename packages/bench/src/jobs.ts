import type { Layer } from '@loadbearing/core'
import { pointsOf } from './cells.ts'
import type { Job } from './measure-worker.ts'
import type { Measured } from './measured.ts'
import type { Plan } from './plan.ts'
import { type Piece, piecesOn, stagesOf } from './stages.ts'
import { askedBy } from './surroundings.ts'
import { imagesOf, type Unit } from './units.ts'

/** A unit of the plan, and the job of measuring it. */
export interface PlannedJob {
  readonly job: Job
  readonly unit: Unit
  /** Whether it belongs to what a pilot decided, rather than to the pilot or a fixed plan. */
  readonly decided: boolean
  /** What it costs: about the multiply-accumulates behind its layer, over its images and cells. */
  readonly work: number
}

export interface JobOptions {
  /** The dataset folder. */
  readonly out: string
  readonly cifar10?: string | undefined
}

/**
 * Every unit of the plan as far as it is decided, chunk-major within a model, so that one pass over the front of the network serves all
 * that follow.
 */
export function jobsOf(
  plan: Plan,
  { models, perturbations }: Measured,
  { out: folder, cifar10 }: JobOptions,
): PlannedJob[] {
  const found = models.flatMap((model) => {
    const measured = plan.pairs
      .filter((pair) => pair.model === model.name)
      .map((pair) => {
        const { plugin, module } = perturbations.find(({ plugin: { name } }) => name === pair.perturbation)!
        return { plugin, module, stages: stagesOf(plan, pair, plugin) }
      })
    const asked = askedBy(measured.map(({ plugin }) => plugin))
    const images = Math.max(0, ...measured.flatMap(({ stages }) => stages.map((stage) => stage.images)))
    // How many chunks follow the first is seen only then, where cells are narrowed.
    const known = plan.precision.kind === 'interval' ? 1 : Math.ceil(images / plan.chunk)
    const chunks = Array.from({ length: known }, (_, chunk) => chunk)
    const behind = new Map(model.layers.map((layer) => [layer, macsBehind(layer, model.layers)]))
    const jobOf = (
      layer: Layer,
      { plugin, module }: Pick<(typeof measured)[number], 'plugin' | 'module'>,
      chunk: number,
      { stage, ...piece }: Piece,
    ) => {
      const shared = { model: model.sha256, ...piece, chunk, chunkSize: plan.chunk }
      const perturbation = { name: plugin.name, module: module === '' ? undefined : module }
      return {
        unit: { ...shared, layer, perturbation: plugin } satisfies Unit,
        job: { folder, source: model.source, cifar10, perturbation, layer: layer.name, asked, unit: shared },
        decided: stage > 0,
        // Without a cell, the network is run once.
        work: behind.get(layer)! * imagesOf(shared) * Math.max(1, pointsOf(piece.grid).length),
      }
    }
    const cells = chunks.flatMap((chunk) =>
      model.layers.flatMap((layer) =>
        measured.flatMap((its) =>
          piecesOn(chunk, plan.chunk, its.stages, its.plugin).map((piece) => jobOf(layer, its, chunk, piece)),
        ),
      ),
    )
    const [layer] = model.layers
    const [first] = measured
    if (plan.precision.kind !== 'interval' || !layer || !first) return cells
    const none = { stage: 0, grid: { intensities: first.plugin.intensities, points: [] }, images }
    const knownImages = Array.from({ length: Math.ceil(images / plan.chunk) }, (_, chunk) =>
      jobOf(layer, first, chunk, none),
    )
    return [...knownImages, ...cells]
  })
  return found.map(({ job, ...rest }, id) => ({ ...rest, job: { ...job, id } }))
}

/** Those of the layer itself and of all that are executed after it. */
function macsBehind({ depth }: Layer, layers: readonly Layer[]): number {
  return layers.reduce((sum, layer) => sum + (layer.depth >= depth ? layer.macs : 0), 0)
}
