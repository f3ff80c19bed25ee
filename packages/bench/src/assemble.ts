import type { Row } from '@loadbearing/dataset'
import { pointsOf } from './cells.ts'
import { groupOf } from './groups.ts'
import type { BenchModel } from './model.ts'
import { findPerturbation } from './plugins.ts'
import type { Plan } from './plan.ts'
import { type FailedCell, readUnit, type Unit, type UnitResult } from './units.ts'

/** The tables of a measurement. */
export interface GroundTruth {
  readonly models: Row<'models'>[]
  readonly layers: Row<'layers'>[]
  readonly perturbations: Row<'perturbations'>[]
  readonly sensitivity: Row<'sensitivity'>[]
  readonly outcomes: {
    readonly correct: Uint8Array
    readonly clean_correct: Uint8Array
    readonly bounded_kl: Float32Array
  }
}

/**
 * Puts the finished units together. Sums run over chunks in order, whoever measured them.
 *
 * @param models in the order of the plan
 */
export async function assemble(
  plan: Plan,
  models: readonly BenchModel[],
  units: readonly Unit[],
  folder: string,
): Promise<GroundTruth> {
  const perturbations = await Promise.all(
    plan.perturbations.map(async (planned, id): Promise<Row<'perturbations'>> => {
      const plugin = await findPerturbation(planned.name, planned.module)
      return {
        perturbation_id: id,
        name: plugin.name,
        family: plugin.family,
        version: plugin.version,
        target: plugin.target,
        unit: plugin.unit,
        intensities: planned.intensities.join(),
        stochastic: plugin.stochastic,
        group: groupOf(plugin),
        summary: plugin.summary,
        reference_title: plugin.reference.title,
        reference_url: plugin.reference.url,
      }
    }),
  )
  const layers: Row<'layers'>[] = []
  const modelRows: Row<'models'>[] = []
  const sensitivity: Row<'sensitivity'>[] = []
  const correct: Uint8Array[] = []
  const cleanCorrect: Uint8Array[] = []
  const boundedKl: Float32Array[] = []
  let offset = 0

  for (const [modelId, model] of models.entries()) {
    const own = units.filter((unit) => unit.model === model.onnx.sha256)
    const firstLayer = layers.length
    for (const layer of model.onnx.layers) {
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
    let cleanTotals: { correct: number; loss: number } | undefined
    for (const layer of model.onnx.layers) {
      for (const [perturbationId, planned] of plan.perturbations.entries()) {
        const chunks = own.filter((unit) => unit.layer.name === layer.name && unit.perturbation.name === planned.name)
        if (chunks.length === 0) continue
        const results: UnitResult[] = []
        for (const unit of chunks) results.push(await readUnit(folder, unit))
        const clean = concat(results.map((result) => result.cleanCorrect))
        cleanTotals ??= { correct: total(clean), loss: results.reduce((sum, result) => sum + result.cleanLoss, 0) }
        for (const [index, point] of pointsOf(chunks[0]!.grid).entries()) {
          const parts = results.map((result) => result.cells[index]!)
          const failed = parts.find((part): part is FailedCell => part.reason !== undefined)
          const row = {
            cell_id: sensitivity.length,
            model_id: modelId,
            layer_id: firstLayer + layer.depth,
            perturbation_id: perturbationId,
            ...point,
            images: plan.images,
            clean_correct: cleanTotals.correct,
          }
          if (failed) {
            sensitivity.push({ ...row, ...nothing, reason: failed.reason })
            continue
          }
          const measured = parts.flatMap((part) => (part.reason === undefined ? [part] : []))
          const bits = concat(measured.map((part) => part.correct))
          const sum = (of: (part: (typeof measured)[number]) => number): number =>
            measured.reduce((s, part) => s + of(part), 0)
          const nonFinite = sum((part) => part.nonFinite)
          sensitivity.push({
            ...row,
            correct: total(bits),
            changed: sum((part) => part.changed),
            non_finite: nonFinite,
            bounded_kl: sum((part) => part.sums.boundedKl) / plan.images,
            mean_kl: nonFinite > 0 ? null : sum((part) => part.sums.kl) / plan.images,
            mean_loss: nonFinite > 0 ? null : sum((part) => part.sums.loss) / plan.images,
            weight_sha256: measured[0]!.weightSha256,
            outcome_offset: offset,
            reason: null,
          })
          correct.push(bits)
          cleanCorrect.push(clean)
          boundedKl.push(...measured.map((part) => part.boundedKl))
          offset += plan.images
        }
      }
    }
    modelRows.push({
      model_id: modelId,
      name: model.name,
      title: model.title,
      family: model.family,
      data: model.data,
      sha256: model.onnx.sha256,
      opset: model.onnx.opset,
      layers: model.onnx.layers.length,
      parameters: model.onnx.layers.reduce((sum, layer) => sum + layer.parameters, 0),
      macs: model.onnx.layers.reduce((sum, layer) => sum + layer.macs, 0),
      classes: model.onnx.output.classes,
      images: plan.images,
      clean_correct: cleanTotals?.correct ?? 0,
      clean_loss: (cleanTotals?.loss ?? 0) / plan.images,
      licence: model.licence,
    })
  }
  return {
    models: modelRows,
    layers,
    perturbations,
    sensitivity,
    outcomes: {
      correct: concat(correct),
      clean_correct: concat(cleanCorrect),
      bounded_kl: concatFloats(boundedKl, offset),
    },
  }
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

const concat = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

function concatFloats(parts: readonly Float32Array[], length: number): Float32Array {
  const all = new Float32Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
