import {
  byLayer,
  type Capabilities,
  drawPerturbation,
  type Layer,
  type LayerScores,
  type Precision,
  type Tensor,
  type Unscored,
} from '@loadbearing/core'
import { ifLinear } from './output-change.ts'
import type { Sample } from './sampled-patches.ts'

/** How far what a layer makes is moved by weights `moved` in place of its own. */
export type OutputError = (moved: Tensor, original: Tensor) => number

/** The error of every layer whose sample tells it, by layer name, or why it does not. */
export function outputErrors(
  layers: readonly Layer[],
  samples: ReadonlyMap<string, Sample | Unscored>,
  weights: Capabilities['weights']['weights'],
  errorOver: (sample: Sample) => OutputError,
): ReadonlyMap<string, OutputError | Unscored> {
  return new Map(
    layers.map((layer) => {
      const sample = samples.get(layer.name)!
      const usable = 'reason' in sample ? sample : ifLinear(sample, weights(layer))
      return [layer.name, 'reason' in usable ? usable : errorOver(usable)]
    }),
  )
}

/** Scores by errors under the perturbation; a layer without one keeps its reason. */
export async function scoreErrors(
  {
    layers,
    weights,
    perturbation,
    perturbed,
  }: { readonly layers: readonly Layer[] } & Capabilities['weights'] &
    Pick<Capabilities['perturbation'], 'perturbation' | 'perturbed'>,
  precision: Precision,
  errors: ReadonlyMap<string, OutputError | Unscored>,
): Promise<LayerScores> {
  const errorsOf = layers.flatMap((layer) => {
    const error = errors.get(layer.name)!
    return 'reason' in error ? [] : [{ layer, error }]
  })
  const scores = await drawPerturbation(
    { layers: errorsOf.map(({ layer }) => layer), perturbation },
    precision,
    (draw) => new Map(errorsOf.map(({ layer, error }) => [layer.name, error(perturbed(layer, draw), weights(layer))])),
  )
  return byLayer(layers, ({ name }) => scores.get(name) ?? (errors.get(name) as Unscored))
}
