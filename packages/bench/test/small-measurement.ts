import { type MeasureOptions, perturbations } from '../src/index.ts'

/** LeNet, a stochastic and a deterministic perturbation, three chunks of images: 30 units of work. */
export function small(out: string, more: Partial<MeasureOptions> = {}): MeasureOptions {
  return {
    models: [{ reference: 'zoo:lenet-fashion' }],
    perturbations: perturbations.filter(({ plugin }) => ['magnitude-pruning', 'bit-flip'].includes(plugin.name)),
    out,
    precision: { kind: 'fixed', images: 60, repeats: 2 },
    chunk: 25,
    threads: 1,
    ...more,
  }
}

/** A pilot of two chunks, then what it decides. */
export const twoPhases = {
  kind: 'ceiling',
  ceiling: 0.97,
  pilot: { images: 50, repeats: 2, imagesOfOneDraw: 50 },
  most: { images: 150, repeats: 6 },
} as const
