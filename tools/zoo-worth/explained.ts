import { intensitiesOf, type MeasuredTask } from '@loadbearing/bench'
import { adjustedR2 } from './adjusted-r2.ts'
import { placeOf, type NetworkDrops } from './agreement.ts'
import { roleOf } from './roles.ts'
import type { JudgedTask } from './verdict.ts'

/** A network under a perturbation, and how much of it the trivial regressors explain. */
export interface ExplainedTask extends JudgedTask {
  readonly perturbation: string
  /** Levels of the grid. */
  readonly levels: number
  /** What its layers lose; null where no level is live. */
  readonly drops: NetworkDrops | null
}

/** Fits the pooled truth of a task on depth (from 0 to 1), the logarithm of the parameters and that of the MACs. */
export function explain({ model, perturbation, layers, measured }: MeasuredTask): ExplainedTask {
  const { name, family } = model
  const { layers: truths, ceiling } = measured.truths['accuracy-drop']
  const rows = layers.flatMap((layer, index) => {
    const truth = truths[index] ?? null
    return truth === null ? [] : [{ layer, drop: truth.value }]
  })
  const task = {
    network: name,
    family,
    perturbation: perturbation.name,
    layers: layers.length,
    levels: intensitiesOf(perturbation).length,
    live: measured.live.length,
    ceiling: ceiling.value,
  }
  if (rows.length === 0) return { ...task, adjustedR2: null, drops: null }
  const regressors = [
    rows.map(({ layer }) => layer.depth / (layers.length - 1)),
    rows.map(({ layer }) => Math.log(layer.parameters)),
    rows.map(({ layer }) => Math.log(layer.macs)),
  ]
  const drops = rows.map(({ layer, drop }) => ({
    place: placeOf(layer.name),
    role: roleOf(layer, layers.length),
    drop,
  }))
  return {
    ...task,
    adjustedR2: adjustedR2(
      rows.map(({ drop }) => drop),
      regressors,
    ),
    drops: { name, family, layers: drops },
  }
}
