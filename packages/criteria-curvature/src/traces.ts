import type { Rng } from '@loadbearing/core'
import { type Curved, signProducts } from './sign-products.ts'

/** Draws Hutchinson's estimate of the trace of every layer's block of the Hessian, by layer name; as `signProducts`, summed. */
export function traces(
  curved: Curved,
  examples: number,
  rng: Rng,
): (draw: number) => Promise<ReadonlyMap<string, number>> {
  const products = signProducts(curved, examples, rng)
  return async (draw) =>
    new Map([...(await products(draw))].map(([name, its]) => [name, its.reduce((sum, value) => sum + value, 0)]))
}
