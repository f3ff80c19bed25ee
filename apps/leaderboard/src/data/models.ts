import type { Row } from '@loadbearing/dataset'
import { numbers, words } from './lists.ts'
import type { StoredRows } from './tables.ts'

/** A layer of a measured model. */
export interface ModelLayer extends Pick<Row<'layers'>, 'depth' | 'name' | 'op' | 'groups' | 'parameters' | 'macs'> {
  readonly id: number
  /** Names of the consuming nodes. */
  readonly nodes: readonly string[]
  readonly weightShape: readonly number[]
  /** For one image. */
  readonly inputShape: readonly number[]
  /** For one image. */
  readonly outputShape: readonly number[]
}

/** A measured network with its layers. */
export interface Model extends Pick<
  Row<'models'>,
  'name' | 'title' | 'family' | 'data' | 'sha256' | 'opset' | 'parameters' | 'macs' | 'classes' | 'images' | 'licence'
> {
  readonly id: number
  readonly cleanCorrect: number
  /** A fraction of the images it was measured on. */
  readonly cleanAccuracy: number
  /** Mean cross-entropy in nats. */
  readonly cleanLoss: number
  /** In order of depth. */
  readonly layers: readonly ModelLayer[]
}

export function modelsOf({ models, layers }: StoredRows): Model[] {
  return models.map((row) => ({
    id: row.model_id,
    name: row.name,
    title: row.title,
    family: row.family,
    data: row.data,
    sha256: row.sha256,
    opset: row.opset,
    parameters: row.parameters,
    macs: row.macs,
    classes: row.classes,
    images: row.images,
    licence: row.licence,
    cleanCorrect: row.clean_correct,
    cleanAccuracy: row.clean_correct / row.images,
    cleanLoss: row.clean_loss,
    layers: layers.filter((layer) => layer.model_id === row.model_id).map(layerOf),
  }))
}

function layerOf(row: Row<'layers'>): ModelLayer {
  return {
    id: row.layer_id,
    depth: row.depth,
    name: row.name,
    op: row.op,
    nodes: words(row.nodes),
    weightShape: numbers(row.weight_shape),
    groups: row.groups,
    parameters: row.parameters,
    macs: row.macs,
    inputShape: numbers(row.input_shape),
    outputShape: numbers(row.output_shape),
  }
}
