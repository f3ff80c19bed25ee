import type { Finding, OpenTables } from './finding.ts'

/** Commands know models, perturbations and criteria by name, and a layer by name within its model: no two may share one. */
export function* uniqueNames({
  models = [],
  layers = [],
  perturbations = [],
  criteria = [],
}: OpenTables): Generator<Finding> {
  yield* unique(
    'models',
    models.map(({ name }) => name),
  )
  yield* unique(
    'layers',
    layers.map(({ name, model_id: model }) => `${name} of model ${model}`),
  )
  yield* unique(
    'perturbations',
    perturbations.map(({ name }) => name),
  )
  yield* unique(
    'criteria',
    criteria.map(({ name }) => name),
  )
}

function* unique(table: string, names: readonly string[]): Generator<Finding> {
  const first = new Map<string, number>()
  for (const [row, name] of names.entries()) {
    const known = first.get(name)
    if (known === undefined) first.set(name, row)
    else yield { table, row, message: `The name ${name} is that of row ${known} already.` }
  }
}
