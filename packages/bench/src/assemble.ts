import type { Layer, Perturbation } from '@loadbearing/core'
import type { ColumnsOf, Row, Tables } from '@loadbearing/dataset'
import { lossesOf, openRegression } from '@loadbearing/ranking'
import { type GridPoint, pointsOf } from './cells.ts'
import { groupOf } from './groups.ts'
import { isWithoutCells, readKnown } from './known-images.ts'
import type { Measured } from './measured.ts'
import type { MeasuredModel } from './measured-model.ts'
import type { Plan } from './plan.ts'
import type { RegisteredPerturbation } from './registry.ts'
import { stagesOf } from './stages.ts'
import { type FailedCell, type MeasuredCell, readUnit, type Unit, type UnitResult } from './units.ts'

type Outcomes = ColumnsOf<Tables['outcomes']>

/** The tables of a measurement. */
export interface GroundTruth {
  readonly models: Row<'models'>[]
  readonly layers: Row<'layers'>[]
  readonly perturbations: Row<'perturbations'>[]
  readonly efforts: Row<'efforts'>[]
  readonly sensitivity: Row<'sensitivity'>[]
  /** Where cells were narrowed one by one. */
  readonly intervals?: Row<'intervals'>[]
  /** A part a chunk of a measured cell. They are read from the units as they are asked for: all of them would not fit into memory. */
  readonly outcomes: AsyncIterable<Outcomes>
}

/**
 * Puts the finished units together. Sums run over chunks in order, whoever measured them.
 *
 * @throws DatasetError when a unit is missing or damaged
 */
export async function assemble(
  plan: Plan,
  measured: Measured,
  units: readonly Unit[],
  folder: string,
): Promise<GroundTruth> {
  const { models, perturbations: planned } = measured
  const layers: Row<'layers'>[] = []
  const modelRows: Row<'models'>[] = []
  const sensitivity: Row<'sensitivity'>[] = []
  const intervals: Row<'intervals'>[] = []
  let offset = 0

  for (const [modelId, model] of models.entries()) {
    const firstLayer = layers.length
    for (const layer of model.layers) {
      layers.push({
        layer_id: layers.length,
        model_id: modelId,
        depth: layer.depth,
        name: layer.name,
        op: layer.op,
        nodes: layer.nodes.join(),
        weight_shape: layer.weightShape.join(),
        groups: layer.groups,
        parameters: layer.parameters,
        macs: layer.macs,
        input_shape: layer.inputShape.join(),
        output_shape: layer.outputShape.join(),
      })
    }
    const regression =
      plan.precision.kind === 'interval'
        ? openRegression(await readKnown(folder, units, model.sha256), model.testImages)
        : undefined
    const clean: CleanChunk[] = []
    for await (const { layer, perturbationId, point, parts } of cellsOf(model, measured, units, folder, clean)) {
      const chunks = clean.slice(0, parts.length).map((chunk) => chunk.correct)
      const images = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
      const row = {
        cell_id: sensitivity.length,
        model_id: modelId,
        layer_id: firstLayer + layer.depth,
        perturbation_id: perturbationId,
        ...point,
        images,
        clean_correct: chunks.reduce((sum, chunk) => sum + total(chunk), 0),
      }
      const failed = parts.find((part): part is FailedCell => part.reason !== undefined)
      if (failed) {
        sensitivity.push({ ...row, ...nothing, reason: failed.reason })
        continue
      }
      const whole = parts.filter((part) => part.reason === undefined)
      const sum = (of: (part: MeasuredCell) => number): number => whole.reduce((s, part) => s + of(part), 0)
      const nonFinite = sum((part) => part.nonFinite)
      if (regression) {
        const cell = regression.cell()
        for (const [chunk, { correct }] of whole.entries()) cell.add(lossesOf(chunks[chunk]!, correct))
        intervals.push({ cell_id: row.cell_id, ...cell.interval() })
      }
      sensitivity.push({
        ...row,
        correct: sum((part) => total(part.correct)),
        changed: sum((part) => part.changed),
        non_finite: nonFinite,
        bounded_kl: sum((part) => part.sums.boundedKl) / images,
        mean_kl: nonFinite > 0 ? null : sum((part) => part.sums.kl) / images,
        mean_loss: nonFinite > 0 ? null : sum((part) => part.sums.loss) / images,
        weight_sha256: whole[0]!.weightSha256,
        outcome_offset: offset,
        reason: null,
      })
      offset += images
    }
    const images = clean.reduce((sum, chunk) => sum + chunk.correct.length, 0)
    modelRows.push({
      model_id: modelId,
      name: model.name,
      title: model.title,
      family: model.family,
      data: model.data,
      sha256: model.sha256,
      opset: model.opset,
      layers: model.layers.length,
      parameters: model.layers.reduce((sum, layer) => sum + layer.parameters, 0),
      macs: model.layers.reduce((sum, layer) => sum + layer.macs, 0),
      classes: model.classes,
      images,
      test_images: model.testImages,
      clean_correct: clean.reduce((sum, chunk) => sum + total(chunk.correct), 0),
      clean_loss: clean.reduce((sum, chunk) => sum + chunk.loss, 0) / images,
      licence: model.licence,
    })
  }
  return {
    models: modelRows,
    layers,
    perturbations: planned.map(({ plugin }, id) => ({
      perturbation_id: id,
      name: plugin.name,
      family: plugin.family,
      version: plugin.version,
      target: plugin.target,
      unit: plugin.unit,
      intensities: plugin.intensities.join(),
      stochastic: plugin.stochastic,
      group: groupOf(plugin),
      summary: plugin.summary,
      reference_title: plugin.reference.title,
      reference_url: plugin.reference.url,
    })),
    efforts: effortsOf(plan, planned),
    sensitivity,
    ...(plan.precision.kind === 'interval' && { intervals }),
    outcomes: outcomesOf(measured, units, folder),
  }
}

async function* outcomesOf(measured: Measured, units: readonly Unit[], folder: string): AsyncGenerator<Outcomes> {
  for (const model of measured.models) {
    const clean: CleanChunk[] = []
    for await (const { parts } of cellsOf(model, measured, units, folder, clean)) {
      const whole = parts.filter((part) => part.reason === undefined)
      if (whole.length < parts.length) continue
      for (const [chunk, part] of whole.entries()) {
        yield { correct: part.correct, clean_correct: clean[chunk]!.correct, bounded_kl: part.boundedKl }
      }
    }
  }
}

interface AssembledCell {
  readonly layer: Layer
  readonly perturbationId: number
  readonly point: GridPoint
  /** Chunk by chunk. */
  readonly parts: readonly Part[]
}

/**
 * The cells of a model in the order of the dataset. Of its units, those of one layer under one perturbation are in memory.
 *
 * @param clean takes what is right without a perturbation, chunk by chunk: known of the chunks of every cell that was given
 */
async function* cellsOf(
  { sha256, layers }: MeasuredModel,
  { perturbations }: Measured,
  units: readonly Unit[],
  folder: string,
  clean: CleanChunk[],
): AsyncGenerator<AssembledCell> {
  const own = units.filter(({ model }) => model === sha256)
  for (const layer of layers) {
    const ofLayer = own.filter((unit) => unit.layer.name === layer.name)
    for (const [perturbationId, { plugin }] of perturbations.entries()) {
      const results: [Unit, UnitResult][] = []
      for (const unit of ofLayer) {
        if (unit.perturbation.name !== plugin.name || isWithoutCells(unit)) continue
        const result = await readUnit(folder, unit)
        clean[unit.chunk] ??= { correct: result.cleanCorrect, loss: result.cleanLoss }
        results.push([unit, result])
      }
      for (const [point, parts] of partsByPoint(plugin, results)) yield { layer, perturbationId, point, parts }
    }
  }
}

interface CleanChunk {
  readonly correct: Uint8Array
  readonly loss: number
}

type Part = MeasuredCell | FailedCell

/** What was found of every point of a grid, chunk by chunk, in the order of the dataset. */
function partsByPoint(
  { intensities }: Pick<Perturbation, 'intensities'>,
  results: readonly (readonly [Unit, UnitResult])[],
): [GridPoint, Part[]][] {
  const parts = intensities.map((): Part[][] => [])
  for (const [{ grid, chunk }, { cells }] of results) {
    for (const [index, { level, repeat }] of pointsOf(grid).entries()) {
      const its = (parts[level]![repeat] ??= [])
      its[chunk] = cells[index]!
    }
  }
  return parts.flatMap((draws, level) =>
    draws.map((its, repeat): [GridPoint, Part[]] => [{ level, intensity: intensities[level]!, repeat }, its]),
  )
}

function effortsOf(plan: Plan, planned: readonly RegisteredPerturbation[]): Row<'efforts'>[] {
  const { precision } = plan
  return plan.models.flatMap((model, modelId) =>
    planned.flatMap(({ plugin }, perturbationId) => {
      const pair = plan.pairs.find((each) => each.model === model.name && each.perturbation === plugin.name)
      if (!pair) return []
      const [first, second] = stagesOf(plan, pair, plugin)
      const last = second ?? first!
      return [
        {
          model_id: modelId,
          perturbation_id: perturbationId,
          target: precision.kind === 'ceiling' ? precision.ceiling : null,
          interval: precision.kind === 'interval' ? precision.width : null,
          pilot_images: second ? first!.images : null,
          pilot_repeats: second ? first!.repeats : null,
          live_levels: pair.decision ? pair.decision.live.join() : null,
          images: last.images,
          repeats: last.repeats,
          expected: pair.decision?.expected ?? null,
          reason: pair.decision?.reason ?? null,
        },
      ]
    }),
  )
}

const nothing = {
  correct: null,
  changed: null,
  non_finite: null,
  bounded_kl: null,
  mean_kl: null,
  mean_loss: null,
  weight_sha256: null,
  outcome_offset: null,
}

const total = (bits: Uint8Array): number => bits.reduce((sum, bit) => sum + bit, 0)
