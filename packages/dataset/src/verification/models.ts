import type { Row } from '../tables.ts'
import { about, type Finding, type OpenTables } from './finding.ts'

/** A model has the layers that it says it has, one after the other, and is right on no more images than it was measured on. */
export function* models({ models: all, layers }: OpenTables): Generator<Finding> {
  if (!all || !layers) return
  for (const [row, model] of all.entries()) {
    const own = layers.filter(({ model_id: id }) => id === row)
    yield* about('models', row, brokenModelRules(model, own))
    for (const [depth, layer] of own.entries()) {
      if (layer.depth !== depth) {
        const message = `depth is ${layer.depth}, but it is layer ${depth} of its model.`
        yield { table: 'layers', row: layers.indexOf(layer), message }
      }
    }
  }
}

function* brokenModelRules(model: Row<'models'>, layers: readonly Row<'layers'>[]): Generator<string> {
  const sum = (of: (layer: Row<'layers'>) => number): number => layers.reduce((total, layer) => total + of(layer), 0)
  const [parameters, macs] = [sum((layer) => layer.parameters), sum((layer) => layer.macs)]
  if (model.layers !== layers.length) yield `layers is ${model.layers}, but layers has ${layers.length} rows of it.`
  if (model.parameters !== parameters) yield `parameters is ${model.parameters}, but its layers have ${parameters}.`
  if (model.macs !== macs) yield `macs is ${model.macs}, but its layers have ${macs}.`
  if (model.images > model.test_images) {
    yield `images is ${model.images}, more than the ${model.test_images} of its test set.`
  }
  if (model.clean_correct > model.images) {
    yield `clean_correct is ${model.clean_correct}, more than its ${model.images} images.`
  }
}
