export type { ModelCard, Preprocessing } from './card.ts'
export { type ImageSet, readImages, type Split } from './images.ts'
export { listShipped, listZoo, readZooModel, type ZooModel } from './models.ts'
