import type { Finding, OpenTables } from './finding.ts'
import { gridOf } from './grid.ts'

/** Where a model was measured under a perturbation, all of its layers were, at every level and with the same number of repeats. */
export function* completeGrid({ layers, perturbations, sensitivity }: OpenTables): Generator<Finding> {
  if (!layers || !perturbations || !sensitivity) return
  const repeats = new Map<string, number>()
  const counts = new Map<string, number>()
  for (const { model_id: model, layer_id: layer, perturbation_id: perturbation, repeat } of sensitivity) {
    const [pair, triple] = [`${model}/${perturbation}`, `${layer}/${perturbation}`]
    repeats.set(pair, Math.max(repeats.get(pair) ?? 0, repeat + 1))
    counts.set(triple, (counts.get(triple) ?? 0) + 1)
  }
  for (const [layer, { model_id: model }] of layers.entries()) {
    for (const [id, perturbation] of perturbations.entries()) {
      const expected = (repeats.get(`${model}/${id}`) ?? 0) * gridOf(perturbation).length
      const found = counts.get(`${layer}/${id}`) ?? 0
      if (found === expected) continue
      const message = `Layer ${layer} has ${found} cells under perturbation ${id}, not the ${expected} that its levels and repeats make.`
      yield { table: 'sensitivity', row: null, message }
    }
  }
}
