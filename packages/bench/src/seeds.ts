import { type Layer, type Perturbation, type Rng, rngFrom } from '@loadbearing/core'

/** The protocol whose numbers these are; the first word of every seed. */
export const protocol = 'loadbearing/v1'

/** One draw of a perturbation on one layer. */
export interface Draw {
  /** SHA-256 of the model's file. */
  readonly model: string
  readonly layer: Layer
  readonly perturbation: Perturbation
  readonly intensity: number
}

/** The random stream of a cell of the ground truth: anyone can recompute the cell from these names alone. */
export function truthStream({ model, layer, perturbation, intensity }: Draw, repeat: number): Rng {
  return rngFrom(protocol, 'truth', model, layer.name, perturbation.name, perturbation.version, intensity, repeat)
}

/** The random stream of a criterion's own draw; never the truth's. */
export function criterionStream({ model, layer, perturbation, intensity }: Draw, draw: number): Rng {
  return rngFrom(protocol, 'criterion', model, layer.name, perturbation.name, perturbation.version, intensity, draw)
}

/** All indices of a labelled set in a seeded order of which every prefix is as balanced over the classes as it can be. */
export function stratifiedOrder(labels: Uint8Array | Int32Array, data: string): number[] {
  const rng = rngFrom(protocol, 'images', data)
  const byClass = new Map<number, number[]>()
  labels.forEach((label, index) => {
    const members = byClass.get(label)
    if (members) members.push(index)
    else byClass.set(label, [index])
  })
  const queues = [...byClass].sort(([a], [b]) => a - b).map(([, members]) => rng.shuffle(members))
  const order: number[] = []
  for (let round = 0; order.length < labels.length; round++) {
    order.push(...rng.shuffle(queues.flatMap((queue) => queue.slice(round, round + 1))))
  }
  return order
}
