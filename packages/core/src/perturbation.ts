import { PluginError } from './errors.ts'
import type { Layer } from './layer.ts'
import type { Reference } from './reference.ts'
import type { Rng } from './rng.ts'
import { sizeOf, type Tensor } from './tensor.ts'

export const families = ['noise', 'pruning', 'quantization', 'faults', 'reset'] as const
export type Family = (typeof families)[number]

interface CommonContext {
  /** A random stream of this draw's own. */
  readonly rng: Rng
  readonly layer: Layer
}

/** What a perturbation of weights may know beside the weight. */
export interface WeightContext extends CommonContext {
  /** The layer's weight before training, of the same shape; undefined where it was not kept. Not to be written to. */
  readonly initial?: Tensor | undefined
}

/** The lowest and the highest value of a tensor, as calibration found them. */
export interface Range {
  readonly low: number
  readonly high: number
}

/** What a perturbation of activations may know beside the activation. */
export interface ActivationContext extends CommonContext {
  /** What the layer's output ranges over on calibration examples, all channels together. */
  readonly range: Range
  /** Its standard deviation there. */
  readonly std: number
}

/** Everything a table or a page says of a perturbation. */
interface Description {
  /** Kebab-case; unique among perturbations. */
  readonly name: string
  readonly family: Family
  /** Raised when the same seed gives other bytes; part of every seed. */
  readonly version: number
  /** One sentence. */
  readonly summary: string
  readonly reference: Reference
  /** What an intensity counts, e.g. 'σ / std(W)'. */
  readonly unit: string
  /** The grid, weakest first. */
  readonly intensities: readonly number[]
  /** False where every repeat would be the same. */
  readonly stochastic: boolean
  /** True where a result may hold NaN or infinite values, as flipped bits of a float can; otherwise that breaks the contract. */
  readonly nonFinite?: boolean
}

/** A seeded, pure function (weight, intensity) → weight. */
export interface WeightPerturbation extends Description {
  readonly target: 'weights'
  /** True where it reads `initial`: a layer whose weight before training was not kept is then a reason, never a call. */
  readonly needsInitial?: boolean
  /** Must not write to `weight`. Calls at intensities off the grid are allowed; a RangeError says which are not. */
  apply(weight: Tensor, intensity: number, context: WeightContext): Tensor
}

/** A seeded, pure function (activation, intensity) → activation, called with the layer's output for one example at a time. */
export interface ActivationPerturbation extends Description {
  readonly target: 'activations'
  /** `activation` is what the layer makes of one example (no batch dimension), before anything that follows it; must not be written to. */
  apply(activation: Tensor, intensity: number, context: ActivationContext): Tensor
}

export type Perturbation = WeightPerturbation | ActivationPerturbation

/** Declares a perturbation; the identity function, for its types. */
export function definePerturbation(perturbation: WeightPerturbation): WeightPerturbation
export function definePerturbation(perturbation: ActivationPerturbation): ActivationPerturbation
export function definePerturbation(perturbation: Perturbation): Perturbation {
  return perturbation
}

/**
 * Applies a perturbation and holds it to its contract: a new tensor of the same shape, every value finite (unless it declares
 * otherwise), the original untouched.
 *
 * @param original the weight, or the activation of one example
 * @throws PluginError naming the perturbation and what it broke; `original` keeps its values in every case
 */
export function perturb(
  perturbation: WeightPerturbation,
  original: Tensor,
  intensity: number,
  context: WeightContext,
): Tensor
export function perturb(
  perturbation: ActivationPerturbation,
  original: Tensor,
  intensity: number,
  context: ActivationContext,
): Tensor
export function perturb(
  // A method's parameters may be narrower: both kinds are assignable, and the signatures above pair each with its context.
  perturbation: Description & {
    readonly target: Perturbation['target']
    readonly needsInitial?: boolean
    apply(original: Tensor, intensity: number, context: CommonContext): Tensor
  },
  original: Tensor,
  intensity: number,
  context: CommonContext & Pick<WeightContext, 'initial'>,
): Tensor {
  const { name, target, unit, intensities, nonFinite = false, needsInitial = false } = perturbation
  const blame = (fault: string, cause?: unknown): PluginError =>
    new PluginError(`Perturbation '${name}' ${fault} (layer '${context.layer.name}', intensity ${intensity}).`, {
      hint:
        cause instanceof RangeError
          ? `Its grid (${unit}): ${intensities.join(', ')}.`
          : 'Run the conformance suite of @loadbearing/core on it.',
      cause,
    })
  if (needsInitial && !context.initial) {
    throw new PluginError(
      `Perturbation '${name}' needs the initial weight of layer '${context.layer.name}', which was not kept.`,
      { hint: 'Networks of the zoo say whether theirs were kept: npx loadbearing layers --json.' },
    )
  }
  const lent: Tensor = { shape: original.shape, data: original.data.slice() }
  let perturbed: unknown
  try {
    perturbed = perturbation.apply(lent, intensity, context)
  } catch (cause) {
    throw blame(`threw: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  if (!isTensor(perturbed)) throw blame('returned no tensor')
  if (perturbed.data === lent.data || !equalBytes(lent.data, original.data))
    throw blame(`changed the ${target} it was given`)
  if (perturbed.shape.join() !== original.shape.join() || perturbed.data.length !== sizeOf(original.shape)) {
    throw blame(`returned shape [${perturbed.shape.join(', ')}] for [${original.shape.join(', ')}]`)
  }
  if (!nonFinite && !perturbed.data.every(Number.isFinite)) throw blame('returned NaN or an infinite value')
  return perturbed
}

/** Whether two arrays hold the same bits, so that NaN equals itself and −0 differs from 0. */
export function equalBytes(a: Float32Array, b: Float32Array): boolean {
  if (a.length !== b.length) return false
  const left = new Uint32Array(a.buffer, a.byteOffset, a.length)
  const right = new Uint32Array(b.buffer, b.byteOffset, b.length)
  // A loop: a call an element would take longer than most perturbations.
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false
  return true
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
