import { averageRanks } from '@loadbearing/ranking'

/**
 * A feature of the layers of a model at one level, as the learned criterion sees it: (rank − ½) / n − ½, ties averaged, so that it has no
 * unit, is bounded, and is 0 on average whatever the model.
 */
export function centredRanks(values: readonly number[]): number[] {
  return averageRanks(values).map((rank) => (rank - 0.5) / values.length - 0.5)
}
