import { type Capabilities, type Layer, squaredDistance } from '@loadbearing/core'
import { remembered } from './remembered.ts'

/** What it takes to tell how far a perturbation moves the weights. */
export type Perturbed = { readonly layers: readonly Layer[] } & Pick<Capabilities['weights'], 'weights'> &
  Pick<Capabilities['perturbation'], 'perturbation' | 'perturbed'>

/** Draws ‖W′ − W‖² of every layer, by layer name; all draws of a deterministic perturbation are the first. */
export function squaredErrors({
  layers,
  weights,
  perturbation,
  perturbed,
}: Perturbed): (draw: number) => ReadonlyMap<string, number> {
  const errors = remembered(
    (draw) => new Map(layers.map((layer) => [layer.name, squaredDistance(perturbed(layer, draw), weights(layer))])),
  )
  return (draw) => errors(perturbation.stochastic ? draw : 0)
}
