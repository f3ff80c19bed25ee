import { type Layer, type LayerScores, sizeOf } from '@loadbearing/core'

/** Exact scores that are sums over the weights of a layer, as means over them. */
export function perWeight(layers: readonly Layer[], scores: LayerScores): LayerScores {
  return new Map(
    layers.map(({ name, weightShape }) => {
      const score = scores.get(name)!
      return [name, score.value === undefined ? score : { ...score, value: score.value / sizeOf(weightShape) }]
    }),
  )
}
