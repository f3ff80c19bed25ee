/** The small measurement: a perturbation a family, at all its levels. Another one needs another folder. */
export const settings = {
  perturbations: ['gaussian-noise', 'magnitude-pruning', 'uniform-quantization', 'bit-flip'],
  images: 200,
  repeats: 2,
} as const
