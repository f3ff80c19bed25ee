import type { Row } from '@loadbearing/dataset'
import { writeTables } from '@loadbearing/dataset/folder'
import type { TaskOutcomes } from '@loadbearing/ranking'

/** Images of every cell; all are classified correctly without a perturbation. */
export const images = 50
export const classes = 10

/** How many layers each model has. */
export const depths = { alpha: 5, beta: 4 } as const
export type ModelName = keyof typeof depths

/** Deeper layers have more weights and cost less, but never less than 700. */
export const sizes = {
  parameters: (depth: number): number => 10 + depth,
  macs: (depth: number): number => Math.max(1000 - 100 * depth, 700),
}

/** The first level of either grid is dead: nobody loses an image. */
export const grids = {
  prune: { levels: [0.1, 0.5, 0.9], repeats: 1 },
  noise: { levels: [1, 2, 4], repeats: 2 },
} as const
export type PerturbationName = keyof typeof grids

/** Images lost, all of them known beforehand: more by deeper layers, stronger levels and later draws. */
export const lost = (layer: number, level: number, repeat: number): number => level * (2 + 3 * layer + repeat)
const isLost = (layer: number, level: number, repeat: number, image: number): boolean =>
  (image * 7 + layer * 3 + repeat * 11) % images < lost(layer, level, repeat)
const boundedKl = (layer: number, level: number, repeat: number, image: number): number =>
  isLost(layer, level, repeat, image) ? 0.5 : level / 64

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** What the folder holds of a task, straight from the rules above. */
export function outcomesOf(model: ModelName, perturbation: PerturbationName): TaskOutcomes {
  const { levels, repeats } = grids[perturbation]
  return {
    layers: depths[model],
    levels: levels.map(() => ({ repeats, images })),
    classes,
    cleanAccuracy: 1,
    stochastic: repeats > 1,
    loss: (layer, level, repeat) => range(images).map((image) => Number(isLost(layer, level, repeat, image))),
    boundedKl: (layer, level, repeat) => range(images).map((image) => boundedKl(layer, level, repeat, image)),
  }
}

/** Scores by criterion: what is said of a layer, at a level where the criterion is aware; a string says why nothing is. */
export type Said = Readonly<
  Record<
    string,
    { readonly probe?: boolean; readonly models?: readonly ModelName[] } & (
      | { readonly aware?: false; readonly score: (layer: number) => number | string }
      | { readonly aware: true; readonly score: (layer: number, level: number) => number | string }
    )
  >
>

const names = Object.keys(depths) as ModelName[]
const perturbationNames = Object.keys(grids) as PerturbationName[]

/** Writes a dataset folder by hand: both models under both perturbations, and the scores of some criteria. */
export async function writeFolder(folder: string, said: Said): Promise<void> {
  const layers = names.flatMap((model, modelId) => range(depths[model]).map((depth) => ({ modelId, depth })))
  const layerId = (modelId: number, depth: number): number =>
    layers.findIndex((layer) => layer.modelId === modelId && layer.depth === depth)
  const sensitivity: Row<'sensitivity'>[] = []
  const [correct, kl]: [number[], number[]] = [[], []]
  for (const { modelId, depth } of layers) {
    for (const [perturbationId, name] of perturbationNames.entries()) {
      const { levels, repeats } = grids[name]
      for (const [level, intensity] of levels.entries()) {
        for (const repeat of range(repeats)) {
          sensitivity.push({
            cell_id: sensitivity.length,
            model_id: modelId,
            layer_id: layerId(modelId, depth),
            perturbation_id: perturbationId,
            level,
            intensity,
            repeat,
            images,
            clean_correct: images,
            correct: images - lost(depth, level, repeat),
            changed: lost(depth, level, repeat),
            non_finite: 0,
            bounded_kl: 0,
            mean_kl: 0,
            mean_loss: 0,
            weight_sha256: '0123456789abcdef',
            outcome_offset: correct.length,
            reason: null,
          })
          correct.push(...range(images).map((image) => Number(!isLost(depth, level, repeat, image))))
          kl.push(...range(images).map((image) => boundedKl(depth, level, repeat, image)))
        }
      }
    }
  }
  const scores = Object.values(said).flatMap((criterion, criterionId) =>
    layers
      .filter(({ modelId }) => criterion.models?.includes(names[modelId]!) ?? true)
      .flatMap(({ modelId, depth }): Row<'scores'>[] => {
        const row = { criterion_id: criterionId, model_id: modelId, layer_id: layerId(modelId, depth) }
        const rowOf = (value: number | string, perturbationId: number | null, level: number | null) => ({
          ...row,
          perturbation_id: perturbationId,
          level,
          value: typeof value === 'number' ? value : null,
          standard_error: null,
          capped: false,
          engine: null,
          reason: typeof value === 'string' ? value : null,
        })
        if (!criterion.aware) return [rowOf(criterion.score(depth), null, null)]
        return perturbationNames.flatMap((name, perturbationId) =>
          grids[name].levels.map((_, level) => rowOf(criterion.score(depth, level), perturbationId, level)),
        )
      }),
  )
  const source = { summary: 'By hand.', reference_title: 'none', reference_url: 'https://example.org' }
  await writeTables(folder, {
    models: names.map((name, id) => ({
      model_id: id,
      name,
      title: name,
      family: `family of ${name}`,
      data: 'none',
      sha256: `hash of ${name}`,
      opset: 17,
      layers: depths[name],
      parameters: 1,
      macs: 1,
      classes,
      images,
      test_images: images,
      clean_correct: images,
      clean_loss: 0,
      licence: null,
    })),
    layers: layers.map(({ modelId, depth }, id) => ({
      layer_id: id,
      model_id: modelId,
      depth,
      name: `layer${depth}`,
      op: 'Conv',
      nodes: 'node',
      weight_shape: '1',
      groups: 1,
      parameters: sizes.parameters(depth),
      macs: sizes.macs(depth),
      input_shape: '1',
      output_shape: '1',
    })),
    perturbations: perturbationNames.map((name, id) => ({
      perturbation_id: id,
      name,
      family: 'noise',
      version: 1,
      target: 'weights',
      unit: 'none',
      intensities: grids[name].levels.join(),
      stochastic: grids[name].repeats > 1,
      group: `group of ${name}`,
      ...source,
    })),
    sensitivity,
    outcomes: {
      correct: Uint8Array.from(correct),
      clean_correct: new Uint8Array(correct.length).fill(1),
      bounded_kl: Float32Array.from(kl),
    },
    criteria: Object.entries(said).map(([name, { probe = false, aware = false }], id) => ({
      criterion_id: id,
      name,
      version: 1,
      package: 'by-hand',
      track: probe ? 'probe' : 'predictor',
      aware,
      needs: '',
      options: '{}',
      ...source,
    })),
    scores,
  })
}
