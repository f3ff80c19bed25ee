import type { Finding, OpenTables } from './finding.ts'
import { gridOf } from './grid.ts'
import { pairOf } from './pairs.ts'

/** Where a model was measured under a perturbation, all of its layers were, at every level alike: as many draws, on as many images unless cells were narrowed one by one. */
export function* completeGrid({ layers, perturbations, efforts = [], sensitivity }: OpenTables): Generator<Finding> {
  if (!layers || !perturbations || !sensitivity) return
  const sizes = new Map<string, { readonly draws: number; readonly images: number }>()
  const counts = new Map<string, number>()
  const pairs = new Set<string>()
  const narrowed = new Set(efforts.filter(({ interval }) => interval !== null).map(pairOf))
  for (const [row, cell] of sensitivity.entries()) {
    const pair = pairOf(cell)
    const [level, own] = [`${pair}/${cell.level}`, `${cell.layer_id}/${cell.perturbation_id}/${cell.level}`]
    const size = sizes.get(level)
    if (size && size.images !== cell.images && !narrowed.has(pair)) {
      const message = `images is ${cell.images}, but another cell of its model, perturbation and level has ${size.images}.`
      yield { table: 'sensitivity', row, message }
    }
    pairs.add(pair)
    sizes.set(level, { draws: Math.max(size?.draws ?? 0, cell.repeat + 1), images: size?.images ?? cell.images })
    counts.set(own, (counts.get(own) ?? 0) + 1)
  }
  for (const [layer, { model_id: model }] of layers.entries()) {
    for (const [id, perturbation] of perturbations.entries()) {
      if (!pairs.has(`${model}/${id}`)) continue
      for (const level of gridOf(perturbation).keys()) {
        const expected = sizes.get(`${model}/${id}/${level}`)?.draws ?? 1
        const found = counts.get(`${layer}/${id}/${level}`) ?? 0
        if (found === expected) continue
        const message = `Layer ${layer} has ${found} cells under perturbation ${id} at level ${level}, not ${expected} as its model has.`
        yield { table: 'sensitivity', row: null, message }
      }
    }
  }
}
