import type { Capabilities } from '@loadbearing/core'
import { signProducts } from './sign-products.ts'

/** Draws Hutchinson's estimate of the trace of every layer's block of the Hessian, by layer name; as `signProducts`, summed. */
export function traces(
  hessian: Capabilities['hessian'],
  examples: number,
): (draw: number) => Promise<ReadonlyMap<string, number>> {
  const products = signProducts(hessian, examples)
  return async (draw) =>
    new Map([...(await products(draw))].map(([name, its]) => [name, its.reduce((sum, value) => sum + value, 0)]))
}
