import { perturbations } from './registry.generated.ts'

const names = ['gaussian-noise', 'magnitude-pruning', 'uniform-quantization', 'bit-flip', 'shuffle-reset']

/** One perturbation of each family, the one that people know: what is measured where nobody says by what. */
export const representatives = perturbations.filter(({ plugin }) => names.includes(plugin.name))
