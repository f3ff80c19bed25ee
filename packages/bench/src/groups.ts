import type { Perturbation } from '@loadbearing/core'

/** Families whose perturbations carry the same information, with the name of their group. */
const families: Readonly<Record<Perturbation['family'], string>> = {
  noise: 'noise-like',
  faults: 'noise-like',
  pruning: 'pruning-like',
  quantization: 'pruning-like',
  reset: 'reset',
}

/** Those that are like another family than their own: a channel that dies is pruned, and bits by the position decide by size. */
const others: Readonly<Record<string, string>> = { 'dead-channel': 'pruning-like', 'float32-any-bit-flip': 'size-like' }

/**
 * Perturbations that carry the same information: the headline averages within a group first. Draft of protocol v1, found in a first
 * trial on CIFAR-10 networks by the correlation of their pooled truths: noise with bit flips, pruning with quantization, destruction.
 */
export function groupOf({ name, family, target }: Pick<Perturbation, 'name' | 'family' | 'target'>): string {
  return target === 'activations' ? 'activations' : (others[name] ?? families[family])
}

/** Why no task of a perturbation counts for the headline; undefined where its tasks may. */
export function keptOutOfHeadline({
  name,
  target,
}: {
  readonly name: string
  readonly target: string
}): string | undefined {
  if (target === 'activations') {
    return 'It perturbs activations: criteria that look at perturbed weights cannot be asked.'
  }
  if (name === 'float32-any-bit-flip') {
    return "Its loss follows the number of weights: one flip of an exponent's top bit is enough. Shown against size."
  }
  return undefined
}
