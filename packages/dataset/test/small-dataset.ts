import { type Row, truthKinds } from '../src/tables.ts'

const images = 4
const cleanBits = [1, 1, 0, 1]
const grids = ['0.5,1', '15,7,3']
const layersOf = [3, 2]
/** Model and perturbation of what was measured. */
const pairs = [
  [0, 0],
  [0, 1],
  [1, 0],
] as const

/** A sound dataset that holds a bit of everything: cells, scores and tasks that failed, nulls in every column that can be null. */
export function smallDataset() {
  const layers = layersOf.flatMap((count, model) => Array.from({ length: count }, (_, depth) => layerRow(model, depth)))
  layers.forEach((layer, id) => (layer.layer_id = id))
  const { sensitivity, outcomes } = measured(layers)
  const tasks = pairs.flatMap(([model, perturbation]) => truthKinds.map((truth) => taskRow(model, perturbation, truth)))
  tasks.forEach((task, id) => (task.task_id = id))
  const rankings = tasks.flatMap(({ task_id: task, ceiling }) =>
    [0, 1, 2].map((criterion) => rankingRow(task, criterion, ceiling)),
  )
  return {
    models: layersOf.map((count, id) => modelRow(id, count)),
    layers,
    perturbations: grids.map(perturbationRow),
    efforts: pairs.map(([model, perturbation], i) => effortRow(model, perturbation, i > 0)),
    sensitivity,
    intervals: sensitivity
      .filter(isNarrowed)
      .map(({ cell_id: id }) => ({ cell_id: id, value: 0.25, low: 0, high: 0.5 })),
    outcomes,
    criteria: [0, 1, 2].map(criterionRow),
    scores: scoreRows(layers),
    tasks,
    truths: tasks.flatMap(({ task_id: task, model_id: model }) =>
      layers
        .filter((layer) => layer.model_id === model)
        .map(({ layer_id: id }) => ({ task_id: task, layer_id: id, value: 0.25 + id / 8, low: 0.125, high: 0.875 })),
    ),
    rankings,
    leaderboard: truthKinds.flatMap((truth) => [0, 1, 2].map((criterion) => leaderboardRow(criterion, truth))),
    size_effects: [sizeRow(0, 0, null), sizeRow(0, 1, null), ...pairs.map(([model, id]) => sizeRow(1, model, id))],
    runs: [runRow('measure', null, null), runRow('score', 0, 1)],
  }
}

export type SmallDataset = ReturnType<typeof smallDataset>

function modelRow(id: number, layers: number): Row<'models'> {
  return {
    model_id: id,
    name: `réseau-${id}`,
    title: 'Ein Netz 🕸',
    family: 'convolutional',
    data: 'images',
    sha256: 'ab'.repeat(32),
    opset: 17,
    layers,
    parameters: 10 * layers,
    macs: 1000 * layers,
    classes: 10,
    images,
    test_images: 10,
    clean_correct: 3,
    clean_loss: 0.5,
    licence: id === 0 ? 'MIT' : null,
  }
}

function layerRow(model: number, depth: number): Row<'layers'> {
  return {
    layer_id: 0,
    model_id: model,
    depth,
    name: `layer${depth}.weight`,
    op: 'Conv',
    nodes: `node${depth}`,
    weight_shape: '1,10',
    groups: 1,
    parameters: 10,
    macs: 1000,
    input_shape: '10',
    output_shape: '1',
  }
}

function perturbationRow(intensities: string, id: number): Row<'perturbations'> {
  return {
    perturbation_id: id,
    name: ['noise', 'rounding'][id]!,
    family: 'noise',
    version: 1,
    target: 'weights',
    unit: 'σ',
    intensities,
    stochastic: id === 0,
    group: 'alike',
    summary: 'Perturbs.',
    reference_title: 'Title',
    reference_url: 'https://example.org',
  }
}

function effortRow(model: number, perturbation: number, piloted: boolean): Row<'efforts'> {
  return {
    model_id: model,
    perturbation_id: perturbation,
    target: piloted ? 0.95 : null,
    interval: piloted ? null : 0.3,
    pilot_images: piloted ? 2 : null,
    pilot_repeats: piloted ? 1 : null,
    live_levels: piloted ? '1' : null,
    images,
    repeats: perturbation === 0 ? 2 : 1,
    expected: piloted ? 0.93 : null,
    reason: piloted ? 'all 4 images are not enough' : null,
  }
}

/** Of the pair that was not piloted. */
function isNarrowed({ model_id: model, perturbation_id: perturbation, reason }: Row<'sensitivity'>): boolean {
  return reason === null && model === pairs[0][0] && perturbation === pairs[0][1]
}

function measured(layers: readonly Row<'layers'>[]) {
  const sensitivity: Row<'sensitivity'>[] = []
  const bits: number[] = []
  const divergences: number[] = []
  for (const { layer_id: layer, model_id: model } of layers) {
    for (const [, perturbation] of pairs.filter(([its]) => its === model)) {
      for (const [level, intensity] of grids[perturbation]!.split(',').map(Number).entries()) {
        for (let repeat = 0; repeat < (perturbation === 0 ? 2 : 1); repeat++) {
          const id = sensitivity.length
          const cell = {
            cell_id: id,
            model_id: model,
            layer_id: layer,
            perturbation_id: perturbation,
            level,
            intensity,
            repeat,
            images,
            clean_correct: 3,
          }
          if (id === 5) {
            sensitivity.push({ ...cell, ...unmeasured, reason: 'The engine refused.' })
            continue
          }
          const correct = cleanBits.map((bit, image) => bit & Number((id + image) % 3 > 0))
          const kl = correct.map((_, image) => Math.fround(((id + image) % 7) / 10))
          const nonFinite = id === 7 ? 1 : 0
          sensitivity.push({
            ...cell,
            correct: sum(correct),
            changed: 1,
            non_finite: nonFinite,
            bounded_kl: sum(kl) / images,
            mean_kl: nonFinite > 0 ? null : 0.5,
            mean_loss: nonFinite > 0 ? null : 0.75,
            weight_sha256: '0123456789abcdef',
            outcome_offset: bits.length,
            reason: null,
          })
          bits.push(...correct)
          divergences.push(...kl)
        }
      }
    }
  }
  const outcomes = {
    correct: Uint8Array.from(bits),
    clean_correct: Uint8Array.from(bits, (_, i) => cleanBits[i % images]!),
    bounded_kl: Float32Array.from(divergences),
  }
  return { sensitivity, outcomes }
}

/** The results of a cell that was not measured. */
export const unmeasured = {
  correct: null,
  changed: null,
  non_finite: null,
  bounded_kl: null,
  mean_kl: null,
  mean_loss: null,
  weight_sha256: null,
  outcome_offset: null,
}

function criterionRow(id: number): Row<'criteria'> {
  return {
    criterion_id: id,
    name: ['depth', 'error', 'trial'][id]!,
    version: 1,
    package: '@loadbearing/criteria-small',
    track: id === 2 ? 'probe' : 'predictor',
    aware: id === 1,
    needs: id === 2 ? 'perturbation,perturbedForward' : 'weights',
    options: '{}',
    summary: 'Scores.',
    reference_title: 'Title',
    reference_url: 'https://example.org',
  }
}

/** Criterion 1 is aware of perturbations; criterion 2 fails on the last layer of the first model. */
function scoreRows(layers: readonly Row<'layers'>[]): Row<'scores'>[] {
  return [0, 1, 2].flatMap((criterion) =>
    [0, 1].flatMap((model) => {
      const levels =
        criterion === 1
          ? pairs
              .filter(([its]) => its === model)
              .flatMap(([, id]) => grids[id]!.split(',').map((_, level): [number, number] => [id, level]))
          : ([[null, null]] as const)
      return levels.flatMap(([perturbation, level]) =>
        layers
          .filter((layer) => layer.model_id === model)
          .map(({ layer_id: layer }) => {
            const failed = criterion === 2 && layer === 2
            return {
              criterion_id: criterion,
              model_id: model,
              layer_id: layer,
              perturbation_id: perturbation,
              level,
              value: failed ? null : layer / 3,
              standard_error: criterion === 2 && !failed ? 0.01 : null,
              capped: false,
              engine: criterion === 2 ? 'an engine 1.2.3' : null,
              reason: failed ? 'It threw.' : null,
            }
          }),
      )
    }),
  )
}

function taskRow(model: number, perturbation: number, truth: string): Row<'tasks'> {
  const counts = model === 0
  return {
    task_id: 0,
    model_id: model,
    perturbation_id: perturbation,
    truth,
    layers: layersOf[model]!,
    live_levels: counts ? '0,1' : '',
    ceiling: counts ? 0.95 : null,
    counts,
    reason: counts ? null : 'No intensity is live.',
  }
}

function rankingRow(task: number, criterion: number, ceiling: number | null): Row<'rankings'> {
  const failed = criterion === 2 && task === 0
  const none = ceiling === null && criterion === 0
  const spearman = none ? null : failed ? 0 : 0.5
  const share = spearman === null || ceiling === null ? null : spearman / ceiling
  return {
    task_id: task,
    criterion_id: criterion,
    spearman,
    share,
    share_low: share === null ? null : share - 0.25,
    share_high: share === null ? null : share + 0.25,
    kendall: none ? null : 0.25,
    recall_top20: none ? null : 1,
    ndcg: none ? null : 0.875,
    regret: none ? null : 0.01,
    constant: criterion === 1 && task === 0,
    failed_layers: failed ? 1 : 0,
    reason: failed ? 'It threw.' : none ? 'no layer was measured at every live intensity' : null,
  }
}

function leaderboardRow(criterion: number, truth: string): Row<'leaderboard'> {
  return {
    criterion_id: criterion,
    truth,
    share: 0.5,
    share_low: 0.25,
    share_high: 0.75,
    kendall: 0.25,
    recall_top20: 1,
    ndcg: 0.875,
    regret: 0.01,
    mean_rank: 1,
    tasks: 2,
    failures: criterion === 2 && truth === 'accuracy-drop' ? 1 : 0,
    constants: criterion === 1 && truth === 'accuracy-drop' ? 1 : 0,
  }
}

/** No level of the second model is live: criterion 1 has no pooled score there. */
function sizeRow(criterion: number, model: number, perturbation: number | null): Row<'size_effects'> {
  const none = criterion === 1 && model === 1
  return {
    criterion_id: criterion,
    model_id: model,
    perturbation_id: perturbation,
    layers: none ? 0 : layersOf[model]!,
    parameters: none ? null : 0.5,
    macs: none ? null : -0.5,
    depth: none ? null : 1,
    constant: false,
  }
}

function runRow(kind: string, model: number | null, criterion: number | null): Row<'runs'> {
  return {
    kind,
    model_id: model,
    criterion_id: criterion,
    seconds: 1.5,
    cpu_seconds: 1.25,
    peak_memory: 2 ** 40,
    examples: 4,
    forwards: 100,
    backwards: 0,
    threads: 2,
    processor: 'A processor',
    platform: 'linux-x64',
    node: 'v22',
    engine: 'engine',
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
