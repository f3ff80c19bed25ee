import type { Row } from '../tables.ts'
import { about, type Finding, type OpenTables } from './finding.ts'
import { ascending } from './order.ts'

/** For the last bit of a division. */
const tolerance = 1e-12

/** A size effect is of the scores that are there: as many layers, at a perturbation where the criterion is aware, and 0 where they are constant. */
export function* sizeEffects({ criteria, models, scores, size_effects: all }: OpenTables): Generator<Finding> {
  if (!criteria || !models || !scores || !all) return
  const scored = new Map<string, number>()
  for (const score of scores) {
    if (score.value !== null && score.level === null) scored.set(keyOf(score), (scored.get(keyOf(score)) ?? 0) + 1)
  }
  for (const [row, effect] of all.entries()) {
    const criterion = criteria[effect.criterion_id]
    if (criterion) {
      const known = criterion.aware ? undefined : (scored.get(keyOf(effect)) ?? 0)
      yield* about('size_effects', row, brokenScope(effect, criterion.aware, known))
    }
    const layers = models[effect.model_id]?.layers ?? Infinity
    if (effect.layers > layers) {
      yield { table: 'size_effects', row, message: `layers is ${effect.layers}, but its model has ${layers}.` }
    }
    yield* about('size_effects', row, brokenCorrelations(effect))
  }
  yield* ascending(
    'size_effects',
    all.map((effect) => [effect.criterion_id, effect.model_id, effect.perturbation_id ?? -1]),
    'criterion, model and perturbation',
  )
}

function keyOf(row: { readonly criterion_id: number; readonly model_id: number }): string {
  return `${row.criterion_id}/${row.model_id}`
}

function* brokenScope(
  { perturbation_id: id, layers }: Row<'size_effects'>,
  aware: boolean,
  scored: number | undefined,
): Generator<string> {
  if ((id !== null) !== aware) {
    yield `perturbation_id is ${String(id)}, but its criterion is ${aware ? '' : 'not '}aware of perturbations.`
  }
  if (scored !== undefined && layers !== scored) yield `layers is ${layers}, but scores has ${scored} with a value.`
}

function* brokenCorrelations({ constant, layers, ...sizes }: Row<'size_effects'>): Generator<string> {
  for (const name of ['parameters', 'macs', 'depth'] as const) {
    const value = sizes[name]
    if (value === null) continue
    if (Math.abs(value) > 1 + tolerance) yield `${name} is ${value}, not within -1 and 1.`
    if (layers < 2) yield `${name} is ${value}, but ${layers} layers have a score.`
    if (constant && value !== 0) yield `${name} is ${value}, though its scores are constant.`
  }
}
