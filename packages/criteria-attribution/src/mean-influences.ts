import type { Capabilities } from '@loadbearing/core'
import { midpoints } from './midpoints.ts'
import { gradientsAtOutputs } from './outputs.ts'

/** The influence of every unit of what a layer makes, example by example, one after the other. */
export interface Influences {
  readonly examples: number
  readonly influences: Float64Array
}

/**
 * ∫₀¹ ∂z_n/∂y_nj (α x_n) dα by the midpoint rule: the mean gradient of the logit of the true class with respect to what every layer
 * makes, between an input of zeros and the example, by layer name.
 */
export async function meanInfluences(
  { activationGradients }: Pick<Capabilities['gradients'], 'activationGradients'>,
  { examples, steps }: { readonly examples: number; readonly steps: number },
): Promise<ReadonlyMap<string, Influences>> {
  const means = new Map<string, Influences>()
  for (const alpha of midpoints(steps)) {
    const path = { alpha, baseline: 'zeros' } as const
    const found = await gradientsAtOutputs({ activationGradients }, { objective: 'true-logit', examples, path })
    for (const [name, { shape, data }] of found) {
      const mean = means.get(name) ?? { examples: shape[0]!, influences: new Float64Array(data.length) }
      for (let i = 0; i < data.length; i++) mean.influences[i]! += data[i]! / steps
      means.set(name, mean)
    }
  }
  return means
}
