import { PluginError } from './errors.ts'
import type { Layer } from './layer.ts'
import type { Reference } from './reference.ts'
import type { Rng } from './rng.ts'
import { sizeOf, type Tensor } from './tensor.ts'

export const families = ['noise', 'pruning', 'quantization', 'faults', 'reset'] as const
export type Family = (typeof families)[number]

/** What a perturbation may know beside the weight: a random stream of its own, and the layer. */
export interface PerturbationContext {
  readonly rng: Rng
  readonly layer: Layer
}

/** A seeded, pure function (weight, intensity) → weight, with everything a table or a page says of it. */
export interface Perturbation {
  /** Kebab-case; unique among perturbations. */
  readonly name: string
  readonly family: Family
  /** Raised when the same seed gives other bytes; part of every seed. */
  readonly version: number
  /** One sentence. */
  readonly summary: string
  readonly reference: Reference
  readonly target: 'weights'
  /** What an intensity counts, e.g. 'σ / std(W)'. */
  readonly unit: string
  /** The grid, weakest first. */
  readonly intensities: readonly number[]
  /** False where every repeat would be the same. */
  readonly stochastic: boolean
  /** Must not write to `weight`. Calls at intensities off the grid are allowed; a RangeError says which are not. */
  apply(weight: Tensor, intensity: number, context: PerturbationContext): Tensor
}

/** Declares a perturbation; the identity function, for its types. */
export function definePerturbation(perturbation: Perturbation): Perturbation {
  return perturbation
}

/**
 * Applies a perturbation and holds it to its contract: a new tensor of the same shape, every value finite, the original untouched.
 *
 * @throws PluginError naming the perturbation and what it broke; `weight` keeps its values in every case
 */
export function perturb(
  perturbation: Perturbation,
  weight: Tensor,
  intensity: number,
  context: PerturbationContext,
): Tensor {
  const blame = (fault: string, cause?: unknown): PluginError =>
    new PluginError(
      `Perturbation '${perturbation.name}' ${fault} (layer '${context.layer.name}', intensity ${intensity}).`,
      {
        hint:
          cause instanceof RangeError
            ? `Its grid (${perturbation.unit}): ${perturbation.intensities.join(', ')}.`
            : 'Run the conformance suite of @loadbearing/core on it.',
        cause,
      },
    )
  const lent: Tensor = { shape: weight.shape, data: weight.data.slice() }
  let perturbed: unknown
  try {
    perturbed = perturbation.apply(lent, intensity, context)
  } catch (cause) {
    throw blame(`threw: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  if (!isTensor(perturbed)) throw blame('returned no tensor')
  if (perturbed.data === lent.data || !equalBytes(lent.data, weight.data))
    throw blame('changed the weights it was given')
  if (perturbed.shape.join() !== weight.shape.join() || perturbed.data.length !== sizeOf(weight.shape)) {
    throw blame(`returned shape [${perturbed.shape.join(', ')}] for [${weight.shape.join(', ')}]`)
  }
  if (!perturbed.data.every(Number.isFinite)) throw blame('returned NaN or an infinite weight')
  return perturbed
}

/** Whether two arrays hold the same bits, so that NaN equals itself and −0 differs from 0. */
export function equalBytes(a: Float32Array, b: Float32Array): boolean {
  if (a.length !== b.length) return false
  const left = new Uint32Array(a.buffer, a.byteOffset, a.length)
  const right = new Uint32Array(b.buffer, b.byteOffset, b.length)
  return left.every((word, index) => word === right[index])
}

function isTensor(value: unknown): value is Tensor {
  return (
    typeof value === 'object' &&
    value !== null &&
    'data' in value &&
    value.data instanceof Float32Array &&
    'shape' in value &&
    Array.isArray(value.shape)
  )
}
