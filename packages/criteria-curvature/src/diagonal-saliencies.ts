import { type Capabilities, type CriterionContext, type Layer } from '@loadbearing/core'
import { signProducts } from './sign-products.ts'

/** Draws ½ Σ_w h_ww w² over the weights of every layer, by layer name: h_ww from `signProducts`. */
export function diagonalSaliencies(
  {
    layers,
    weights,
    ...hessian
  }: Pick<CriterionContext<'weights' | 'hessian'>, 'layers' | 'weights' | keyof Capabilities['hessian']>,
  examples: number,
): (draw: number) => Promise<ReadonlyMap<string, number>> {
  const diagonals = signProducts(hessian, examples)
  return async (draw) => {
    const diagonal = await diagonals(draw)
    const saliency = (layer: Layer): number => {
      const its = diagonal.get(layer.name)!
      return weights(layer).data.reduce((sum, w, i) => sum + its[i]! * w * w, 0) / 2
    }
    return new Map(layers.map((layer) => [layer.name, saliency(layer)]))
  }
}
