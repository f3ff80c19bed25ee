import type { Perturbation } from '@loadbearing/core'

/**
 * Perturbations that carry the same information: the headline averages within a group first. Draft of protocol v1, found in a first
 * trial on CIFAR-10 networks by the correlation of their pooled truths; a perturbation that is not listed is grouped by family.
 */
const groups: Readonly<Record<string, readonly string[]>> = {
  'noise-like': ['gaussian-noise', 'bit-flip'],
  'pruning-like': ['magnitude-pruning', 'uniform-quantization'],
}

export function groupOf({ name, family }: Pick<Perturbation, 'name' | 'family'>): string {
  return Object.keys(groups).find((group) => groups[group]?.includes(name)) ?? family
}
