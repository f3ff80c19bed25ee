import { type Rng, rngFrom } from '@loadbearing/core'
import type { Row } from '@loadbearing/dataset'
import { type TablesToWrite, writeTables } from '@loadbearing/dataset/folder'
import {
  type Contestant,
  leaderboard,
  poolScores,
  rankTask,
  sizeEffect,
  type Task,
  type TaskOutcomes,
  taskTruths,
  type TruthKind,
  truthKinds,
} from '@loadbearing/ranking'

const images = 120
const clean = 108

/** Two small networks: how much each of their layers matters, by depth. */
const networks = [
  { name: 'tiny-net', title: 'Tiny network', family: 'plain', matters: [0.9, 0.5, 0.3, 0.15, 0.6] },
  { name: 'deep-net', title: 'Deep network', family: 'residual', matters: [1, 0.7, 0.25, 0.4, 0.1, 0.3, 0.2, 0.55] },
]

/** Noise and pruning rank; the last is too weak to break anything, so that its tasks do not count. */
const perturbations = [
  {
    name: 'gaussian-noise',
    family: 'noise',
    group: 'noise-like',
    unit: 'σ / std(W)',
    grid: [0.1, 0.4, 0.8],
    repeats: 4,
  },
  {
    name: 'magnitude-pruning',
    family: 'pruning',
    group: 'removal',
    unit: 'fraction',
    grid: [0.5, 0.7, 0.9],
    repeats: 1,
  },
  { name: 'rounding', family: 'quantization', group: 'removal', unit: 'levels', grid: [255, 127], repeats: 1 },
].map((perturbation, id) => ({ ...perturbation, id, harms: perturbation.name !== 'rounding' }))

type Network = (typeof networks)[number]
type ExamplePerturbation = (typeof perturbations)[number]

interface ExampleCriterion extends Contestant {
  readonly aware: boolean
  readonly needs: string
  readonly forwards: number
  readonly backwards?: number
  /** The score of a layer, at a level where it is aware; null where it has none. */
  score(network: Network, depth: number, level: number, rng: Rng): number | null
}

const criteria: readonly ExampleCriterion[] = [
  {
    name: 'depth',
    track: 'predictor',
    aware: false,
    needs: '',
    forwards: 0,
    score: ({ matters }, depth) => matters.length - depth,
  },
  {
    name: 'random',
    track: 'predictor',
    aware: false,
    needs: '',
    forwards: 0,
    score: (_, __, ___, rng) => rng.uniform(),
  },
  { name: 'flat', track: 'predictor', aware: false, needs: 'weights', forwards: 0, score: () => 1 },
  {
    name: 'weight-error',
    track: 'predictor',
    aware: true,
    needs: 'weights,perturbation',
    forwards: 0,
    score: ({ matters }, depth, level, rng) => (level + 1) * matters[depth]! + 0.4 * rng.uniform(),
  },
  {
    name: 'fragile',
    track: 'predictor',
    aware: false,
    needs: 'activations,gradients',
    forwards: 64,
    backwards: 1500,
    score: ({ name, matters }, depth) => (name === 'deep-net' && depth === 2 ? null : matters[depth]!),
  },
  {
    name: 'bounded-kl',
    track: 'probe',
    aware: true,
    needs: 'logits,perturbation,perturbedForward',
    forwards: 40,
    score: ({ matters }, depth, level, rng) => (level + 1) * matters[depth]! + 0.1 * rng.uniform(),
  },
]

/**
 * Writes a small dataset such as `loadbearing run` leaves, ranked as it ranks: two networks, three perturbations (one of which breaks
 * nothing), six criteria, among them a constant one and one that fails on deep-net.
 */
export async function writeExampleDataset(folder: string): Promise<void> {
  await writeTables(folder, exampleTables())
}

/** The tables of the example. The same at every call. */
export function exampleTables() {
  const layers = networks.flatMap(({ matters }, model) => matters.map((_, depth) => ({ model, depth })))
  const firstLayer = networks.map((_, model) => layers.findIndex((layer) => layer.model === model))
  const rows = {
    sensitivity: [] as Row<'sensitivity'>[],
    scores: [] as Row<'scores'>[],
    runs: [] as Row<'runs'>[],
    tasks: [] as Row<'tasks'>[],
    truths: [] as Row<'truths'>[],
    rankings: [] as Row<'rankings'>[],
    size_effects: [] as Row<'size_effects'>[],
  }
  const outcomes = { correct: [] as number[], clean_correct: [] as number[], bounded_kl: [] as number[] }
  const ranked = new Map<TruthKind, Task[]>(truthKinds.map((kind) => [kind, []]))

  networks.forEach((network, model) => {
    const measured = perturbations.map((perturbation) => measure(network, perturbation))
    network.matters.forEach((_, depth) => {
      perturbations.forEach(({ id, grid, repeats }) => {
        grid.forEach((intensity, level) => {
          for (let repeat = 0; repeat < repeats; repeat++) {
            const { correct, boundedKl } = measured[id]!.cell(depth, level, repeat)
            rows.sensitivity.push({
              cell_id: rows.sensitivity.length,
              model_id: model,
              layer_id: firstLayer[model]! + depth,
              perturbation_id: id,
              level,
              intensity,
              repeat,
              images,
              clean_correct: clean,
              correct: total(correct),
              changed: clean - total(correct),
              non_finite: 0,
              bounded_kl: total(boundedKl) / images,
              mean_kl: total(boundedKl) / images,
              mean_loss: 0.3,
              weight_sha256: '0123456789abcdef',
              outcome_offset: outcomes.correct.length,
              reason: null,
            })
            outcomes.correct.push(...correct)
            outcomes.clean_correct.push(...cleanCorrect)
            outcomes.bounded_kl.push(...boundedKl)
          }
        })
      })
    })

    const said = criteria.map((criterion, id) => {
      const rng = rngFrom('example', 'score', network.name, criterion.name)
      const levels = criterion.aware
        ? perturbations.flatMap(({ id: perturbation, grid }) => grid.map((__, level) => ({ perturbation, level })))
        : [{ perturbation: null, level: null }]
      const its = levels.flatMap(({ perturbation, level }) =>
        network.matters.map((__, depth) => {
          const value = criterion.score(network, depth, level ?? 0, rng)
          return {
            criterion_id: id,
            model_id: model,
            layer_id: firstLayer[model]! + depth,
            perturbation_id: perturbation,
            level,
            value,
            standard_error: null,
            capped: false,
            engine: null,
            reason: value === null ? 'gave NaN' : null,
          }
        }),
      )
      rows.scores.push(...its)
      rows.runs.push({
        ...machine,
        kind: 'score',
        model_id: model,
        criterion_id: id,
        seconds: 0.25 * (id + 1),
        cpu_seconds: 0.3 * (id + 1),
        peak_memory: 1e6 * (model + 1),
        examples: criterion.forwards,
        forwards: criterion.forwards * its.length,
        backwards: criterion.backwards ?? 0,
        threads: 1,
      })
      return its
    })

    for (const perturbation of perturbations) {
      const seed = [sha256Of(network), perturbation.name]
      const { live, truths } = taskTruths(measured[perturbation.id]!.outcomes, { seed, splits: 20 })
      const scores = new Map(
        criteria.map(({ name, aware }, id) => {
          const at = (level: number | null) =>
            said[id]!.filter((row) => row.level === level && (!aware || row.perturbation_id === perturbation.id)).map(
              ({ value }) => value,
            )
          return [
            name,
            aware
              ? poolScores(
                  perturbation.grid.map((_, level) => at(level)),
                  live,
                )
              : at(null),
          ] as const
        }),
      )
      criteria.forEach(({ name, aware }, id) => {
        if (!aware && perturbation.id > 0) return
        rows.size_effects.push({
          criterion_id: id,
          model_id: model,
          perturbation_id: aware ? perturbation.id : null,
          ...sizeEffect(
            scores.get(name)!,
            network.matters.map((_, depth) => ({ parameters: weights(depth), macs: 28_224, depth })),
          ),
        })
      })
      for (const kind of truthKinds) {
        const { layers: its, ceiling, status } = truths[kind]
        const taskId = rows.tasks.length
        const task: Task = {
          model: network.name,
          family: network.family,
          perturbation: perturbation.name,
          group: perturbation.group,
          truth: its.map((truth) => truth?.value ?? null),
          ceiling: ceiling.value,
          counts: status.counts,
          scores,
        }
        ranked.get(kind)!.push(task)
        rows.tasks.push({
          task_id: taskId,
          model_id: model,
          perturbation_id: perturbation.id,
          truth: kind,
          layers: network.matters.length,
          live_levels: live.join(),
          ceiling: ceiling.value,
          counts: status.counts,
          reason: status.reason ?? null,
        })
        its.forEach((truth, depth) => {
          if (truth) rows.truths.push({ task_id: taskId, layer_id: firstLayer[model]! + depth, ...truth })
        })
        const rankings = rankTask(
          task,
          criteria.map(({ name }) => name),
          { seed: [...seed, kind], resamples: 200 },
        )
        criteria.forEach(({ name }, id) => {
          const ranking = rankings.get(name)!
          rows.rankings.push({
            task_id: taskId,
            criterion_id: id,
            spearman: ranking.spearman,
            share: ranking.share,
            share_low: ranking.shareLow,
            share_high: ranking.shareHigh,
            kendall: ranking.kendall,
            recall_top20: ranking.recallTop20,
            ndcg: ranking.ndcg,
            regret: ranking.regret,
            constant: ranking.constant,
            failed_layers: ranking.failedLayers,
            reason: ranking.reason ?? null,
          })
        })
      }
    }
  })

  return {
    models: networks.map((network, id) => ({
      model_id: id,
      name: network.name,
      title: network.title,
      family: network.family,
      data: 'fashion-mnist',
      sha256: sha256Of(network),
      opset: 17,
      layers: network.matters.length,
      parameters: total(network.matters.map((_, depth) => weights(depth))),
      macs: 28_224 * network.matters.length,
      classes: 10,
      images,
      test_images: 10_000,
      clean_correct: clean,
      clean_loss: 0.28,
      licence: id === 0 ? 'MIT' : null,
    })),
    layers: layers.map(({ model, depth }, id) => ({
      layer_id: id,
      model_id: model,
      depth,
      name: `conv${depth + 1}.weight`,
      op: 'Conv',
      nodes: `conv${depth + 1}`,
      weight_shape: `${depth + 4},4,3,3`,
      groups: 1,
      parameters: weights(depth),
      macs: 28_224,
      input_shape: '4,14,14',
      output_shape: '4,14,14',
    })),
    perturbations: perturbations.map(({ id, name, family, group, unit, grid, repeats }) => ({
      perturbation_id: id,
      name,
      family,
      version: 1,
      target: 'weights',
      unit,
      intensities: grid.join(),
      stochastic: repeats > 1,
      group,
      summary: `Does ${name} to the weights.`,
      reference_title: 'SAfER (Yvinec et al. 2023)',
      reference_url: 'https://arxiv.org/abs/2308.04753',
    })),
    efforts: networks.flatMap((_, model) =>
      perturbations.map(({ id, repeats }) => ({
        model_id: model,
        perturbation_id: id,
        target: null,
        interval: null,
        pilot_images: null,
        pilot_repeats: null,
        live_levels: null,
        images,
        repeats,
        expected: null,
        reason: null,
      })),
    ),
    criteria: criteria.map(({ name, track, aware, needs, forwards }, id) => ({
      criterion_id: id,
      name,
      version: 1,
      package: '@loadbearing/criteria-example',
      track,
      aware,
      needs,
      options: JSON.stringify(forwards > 0 ? { forwards } : {}),
      summary: `Says how important a layer is by ${name}.`,
      reference_title: 'SAfER (Yvinec et al. 2023)',
      reference_url: 'https://arxiv.org/abs/2308.04753',
    })),
    ...rows,
    size_effects: rows.size_effects.toSorted((a, b) => a.criterion_id - b.criterion_id),
    runs: [
      {
        ...machine,
        kind: 'measure',
        model_id: null,
        criterion_id: null,
        seconds: 12,
        cpu_seconds: 23,
        peak_memory: 5e8,
        examples: images,
        forwards: outcomes.correct.length,
        backwards: 0,
        threads: 2,
      },
      ...rows.runs,
    ],
    outcomes,
    leaderboard: truthKinds.flatMap((kind) => {
      const tables = leaderboard(ranked.get(kind)!, criteria, { seed: [kind] })
      return [...tables.predictor, ...tables.probe].map((row) => ({
        criterion_id: criteria.findIndex(({ name }) => name === row.criterion),
        truth: kind,
        share: row.share,
        share_low: row.shareLow,
        share_high: row.shareHigh,
        kendall: row.kendall,
        recall_top20: row.recallTop20,
        ndcg: row.ndcg,
        regret: row.regret,
        mean_rank: row.meanRank,
        tasks: row.tasks,
        failures: row.failures,
        constants: row.constants,
      }))
    }),
  } satisfies TablesToWrite
}

const cleanCorrect = Array.from({ length: images }, (_, image) => Number(image < clean))

const machine = {
  processor: 'Example processor',
  platform: 'linux-x64',
  node: 'v22.23.2',
  engine: 'onnxruntime-node 1.30.0',
}

/** What a network does under a perturbation: the more a layer matters and the stronger the level, the more images are lost. */
function measure(network: Network, { name, grid, repeats, harms }: ExamplePerturbation) {
  const rng = rngFrom('example', 'measure', network.name, name)
  const cells = network.matters.map((matters) =>
    grid.map((_, level) =>
      Array.from({ length: repeats }, () => {
        const strength = harms ? matters * (0.15 + 0.3 * level) * (0.95 + 0.1 * rng.uniform()) : 0
        const lost = cleanCorrect.map(
          (right, image) => right * Number(rng.uniform() < strength || (image + 1) / clean < strength),
        )
        return {
          correct: cleanCorrect.map((right, image) => right - lost[image]!),
          loss: Float32Array.from(lost),
          boundedKl: lost.map((gone) => Math.fround(Math.min(1, strength * (0.5 + 0.1 * rng.uniform()) + 0.2 * gone))),
        }
      }),
    ),
  )
  const cell = (depth: number, level: number, repeat: number) => cells[depth]![level]![repeat]!
  const outcomes: TaskOutcomes = {
    layers: network.matters.length,
    levels: grid.map(() => ({ repeats, images })),
    classes: 10,
    cleanAccuracy: clean / images,
    stochastic: repeats > 1,
    loss: (depth, level, repeat) => cell(depth, level, repeat).loss,
    boundedKl: (depth, level, repeat) => cell(depth, level, repeat).boundedKl,
  }
  return { outcomes, cell }
}

function sha256Of({ matters }: Network): string {
  return matters.length.toString(16).padStart(2, '0').repeat(32)
}

/** Deeper layers are larger; what a layer costs is the same for all. */
function weights(depth: number): number {
  return 36 * (depth + 4)
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
