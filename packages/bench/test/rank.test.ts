import { readTable, readTableIfThere } from '@loadbearing/dataset/folder'
import { leaderboard, poolScores, rankTask, type Task, taskTruths, truthKinds } from '@loadbearing/ranking'
import { describe, expect, it } from 'vitest'
import { layerLosses } from '../src/layer-losses.ts'
import { measuredTasks } from '../src/measured-tasks.ts'
import { rank } from '../src/rank.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { depths, grids, images, lost, outcomesOf, type Said, writeFolder } from './written-folder.ts'

const live = [1, 2]
const said: Said = {
  good: { score: (layer) => layer },
  // Right at the live levels, and the other way round, much louder, at the dead one.
  aware: { aware: true, score: (layer, level) => (level === 0 ? -1000 * layer : layer + level) },
  // Of all layers but one.
  broken: { score: (layer) => (layer === 2 ? 'threw: out of ink' : layer) },
  absent: { models: ['beta'], score: (layer) => layer },
  same: { score: () => 7 },
  probing: { probe: true, score: (layer) => layer % 3 },
}
const names = Object.keys(said)
const close = (value: number): number => expect.closeTo(value, 12) as number

const written = async (): Promise<string> => {
  const folder = temporaryFolder()
  await writeFolder(folder, said)
  return folder
}

/** Model × perturbation in the order of the tables. */
const problems = (['alpha', 'beta'] as const).flatMap((model) =>
  (['prune', 'noise'] as const).map((perturbation) => ({ model, perturbation })),
)

/** The same tasks, from the rules that the folder was written by and nothing of bench. */
const tasksByHand = problems.flatMap(({ model, perturbation }) => {
  const truths = taskTruths(outcomesOf(model, perturbation), { seed: [`hash of ${model}`, perturbation] })
  const scores = new Map(
    Object.entries(said).flatMap(([name, criterion]) => {
      if (criterion.models && !criterion.models.includes(model)) return []
      const number = (value: number | string): number | null => (typeof value === 'number' ? value : null)
      const layers = Array.from({ length: depths[model] }, (_, layer) => layer)
      const values = criterion.aware
        ? poolScores(
            [0, 1, 2].map((level) => layers.map((layer) => number(criterion.score(layer, level)))),
            live,
          )
        : layers.map((layer) => number(criterion.score(layer)))
      return [[name, values] as const]
    }),
  )
  return truthKinds.map((truth) => {
    const { layers, ceiling, status } = truths.truths[truth]
    const task: Task = {
      model,
      family: `family of ${model}`,
      perturbation,
      group: `group of ${perturbation}`,
      truth: layers.map((its) => its?.value ?? null),
      ceiling: ceiling.value,
      counts: status.counts,
      scores,
    }
    return { task, truth, layers, reason: status.counts ? null : status.reason }
  })
})

describe('a ranking', () => {
  it('stores what the statistics say of the tasks, their truths and every criterion on them', async () => {
    const out = await written()
    await rank({ out })
    const [tasks, truths, rankings] = await Promise.all([
      readTable(out, 'tasks'),
      readTable(out, 'truths'),
      readTable(out, 'rankings'),
    ])
    expect(tasks).toEqual(
      tasksByHand.map(({ task, truth, reason }, id) => ({
        task_id: id,
        model_id: task.model === 'alpha' ? 0 : 1,
        perturbation_id: task.perturbation === 'prune' ? 0 : 1,
        truth,
        layers: depths[task.model as keyof typeof depths],
        live_levels: '1,2',
        ceiling: task.ceiling,
        counts: task.counts,
        reason,
      })),
    )
    expect(tasks.some(({ counts }) => counts)).toBe(true)
    expect(truths).toEqual(
      tasksByHand.flatMap(({ task, layers }, id) =>
        layers.map((truth, depth) => ({ task_id: id, layer_id: depth + (task.model === 'alpha' ? 0 : 5), ...truth! })),
      ),
    )
    const expected = tasksByHand.flatMap(({ task, truth }, id) =>
      [...rankTask(task, names, { seed: [`hash of ${task.model}`, task.perturbation, truth] })].map(([name, its]) => ({
        task_id: id,
        criterion_id: names.indexOf(name),
        spearman: its.spearman,
        share: its.share,
        share_low: its.shareLow,
        share_high: its.shareHigh,
        kendall: its.kendall,
        recall_top20: its.recallTop20,
        ndcg: its.ndcg,
        regret: its.regret,
        constant: its.constant,
        failed_layers: its.failedLayers,
      })),
    )
    expect(rankings.map(({ reason: _, ...others }) => others)).toEqual(expected)
  })

  it('stores the tables of both tracks for both truths', async () => {
    const out = await written()
    const { leaderboards } = await rank({ out })
    const tracks = Object.entries(said).map(([name, { probe }]) => ({
      name,
      track: probe ? ('probe' as const) : ('predictor' as const),
    }))
    for (const kind of truthKinds) {
      const tasks = tasksByHand.flatMap(({ task, truth }) => (truth === kind ? [task] : []))
      expect(leaderboards[kind]).toEqual(leaderboard(tasks, tracks, { seed: [kind] }))
    }
    const stored = await readTable(out, 'leaderboard')
    expect(stored).toHaveLength(2 * names.length)
    for (const row of stored) {
      const kind = truthKinds.find((truth) => truth === row.truth)!
      const { predictor, probe } = leaderboards[kind]
      const its = [...predictor, ...probe].find(({ criterion }) => criterion === names[row.criterion_id])!
      expect(row).toMatchObject({
        share: its.share,
        share_low: its.shareLow,
        mean_rank: its.meanRank,
        tasks: its.tasks,
      })
    }
  })

  it('lays open how scores go with the size of the layers, once a model or once a task', async () => {
    const out = await written()
    const { sizeEffects } = await rank({ out })
    // Ranks 5 4 3 1.5 1.5 against 1 to 5: −9.5 / √(9.5 · 10); without layer 2, −4.5 / √(4.5 · 5).
    const onAlpha = { layers: 5, constant: false, parameters: 1, macs: close(-Math.sqrt(0.95)), depth: 1 }
    const onBeta = { layers: 4, constant: false, parameters: 1, macs: -1, depth: 1 }
    const flat = { constant: true, parameters: 0, macs: 0, depth: 0 }
    const byHand = [
      ['good', 'alpha', null, onAlpha],
      ['good', 'beta', null, onBeta],
      ['aware', 'alpha', 'prune', onAlpha],
      ['aware', 'alpha', 'noise', onAlpha],
      ['aware', 'beta', 'prune', onBeta],
      ['aware', 'beta', 'noise', onBeta],
      ['broken', 'alpha', null, { ...onAlpha, layers: 4, macs: close(-Math.sqrt(0.9)) }],
      ['broken', 'beta', null, { ...onBeta, layers: 3 }],
      ['absent', 'beta', null, onBeta],
      ['same', 'alpha', null, { ...flat, layers: 5 }],
      ['same', 'beta', null, { ...flat, layers: 4 }],
    ] as const
    const effects = sizeEffects.filter(({ criterion }) => criterion !== 'probing')
    expect(effects).toEqual(
      byHand.map(([criterion, model, perturbation, effect]) => ({ criterion, model, perturbation, ...effect })),
    )
    const stored = await readTable(out, 'size_effects')
    const id = (name: string | null, all: readonly string[]) => (name === null ? null : all.indexOf(name))
    expect(stored).toEqual(
      sizeEffects.map(({ criterion, model, perturbation, ...effect }) => ({
        criterion_id: id(criterion, names),
        model_id: id(model, ['alpha', 'beta']),
        perturbation_id: id(perturbation, ['prune', 'noise']),
        ...effect,
      })),
    )
  })

  it('pools an aware criterion over the live levels alone', async () => {
    const { leaderboards } = await rank({ out: await written() })
    const share = (name: string) => leaderboards['accuracy-drop'].predictor.find((row) => row.criterion === name)!.share
    expect(share('aware')).toBe(share('good'))
    expect(share('good')).toBeGreaterThanOrEqual(1)
  })

  it('gives a criterion that failed share 0 and the last rank, with its reason, and counts it', async () => {
    const out = await written()
    const { leaderboards } = await rank({ out })
    const rankings = await readTable(out, 'rankings')
    const reasons = (name: string) => rankings.flatMap((row) => (names[row.criterion_id] === name ? [row.reason] : []))
    expect(reasons('broken')).toEqual(Array(8).fill('threw: out of ink'))
    // On alpha alone: the first four of its eight tasks.
    expect(reasons('absent')).toEqual([
      ...Array<string>(4).fill('was not scored on this model'),
      null,
      null,
      null,
      null,
    ])
    expect(reasons('same')).toEqual(Array(8).fill(null))

    const { predictor, probe } = leaderboards['accuracy-drop']
    const row = (name: string) => predictor.find(({ criterion }) => criterion === name)!
    const { tasks } = row('good')
    const onAlpha = tasksByHand.filter(
      ({ task, truth }) => truth === 'accuracy-drop' && task.counts && task.model === 'alpha',
    )
    expect(row('good')).toMatchObject({ failures: 0, constants: 0 })
    expect(row('broken')).toMatchObject({ share: 0, failures: tasks, meanRank: 5 })
    expect(row('absent').failures).toBe(onAlpha.length)
    // A perfect order of beta's layers, in its two groups; nothing on alpha.
    const onBeta = tasksByHand.filter(({ task, truth }) => truth === 'accuracy-drop' && task.model === 'beta')
    expect(onBeta.map(({ task }) => task.counts)).toEqual([true, true])
    expect(row('absent').share).toBeCloseTo(
      onBeta.reduce((sum, { task }) => sum + 1 / task.ceiling! / 4, 0),
      12,
    )
    expect(row('same')).toMatchObject({ share: 0, failures: 0, constants: tasks })
    expect(predictor.map(({ criterion }) => criterion)).not.toContain('probing')
    expect(probe.map(({ criterion }) => criterion)).toEqual(['probing'])
  })

  it.each([
    ['models', { models: ['beta'] }, 4],
    ['perturbations', { perturbations: ['noise'] }, 4],
    ['a single intensity', { perturbations: ['noise'], intensity: 4 }, 4],
  ])('on a choice of %s is returned and not stored', async (_, choice, count) => {
    const out = await written()
    const { tasks } = await rank({ out, ...choice })
    expect(tasks).toHaveLength(count)
    expect(tasks.every(({ live: levels }) => levels.join() === ('intensity' in choice ? '2' : '1,2'))).toBe(true)
    expect(await readTableIfThere(out, 'rankings')).toEqual([])
    expect(await readTableIfThere(out, 'leaderboard')).toEqual([])
  })

  it.each([
    ['an unknown model', { models: ['alpa'] }, /no measured model called 'alpa'/, "Did you mean 'alpha'?"],
    ['an unknown perturbation', { perturbations: ['pruning'] }, /no measured perturbation called 'pruning'/, /prune/],
    [
      'an intensity off the grid',
      { perturbations: ['noise'], intensity: 3 },
      /not measured at the intensity 3/,
      /1, 2, 4/,
    ],
  ])('of %s is refused with a hint', async (_, choice, message, hint) => {
    const refused = rank({ out: await written(), ...choice })
    await expect(refused).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(hint) as string,
    })
  })

  it('needs scores', async () => {
    await expect(rank({ out: temporaryFolder() })).rejects.toMatchObject({
      code: 'dataset',
      hint: 'Score first: npx loadbearing score.',
    })
  })
})

describe('the truth of a folder', () => {
  it('is a task a model and perturbation, in that order, with its layers and live levels', async () => {
    const tasks = await measuredTasks(await written())
    expect(tasks.map(({ model, perturbation, layers }) => [model.name, perturbation.name, layers.length])).toEqual([
      ['alpha', 'prune', 5],
      ['alpha', 'noise', 5],
      ['beta', 'prune', 4],
      ['beta', 'noise', 4],
    ])
    for (const { measured } of tasks) expect(measured.live).toEqual(live)
  })

  it('is a loss a layer that is known by hand, the largest first, and safe where its interval ends below the tolerance', async () => {
    const [task] = await measuredTasks(await written(), { models: ['alpha'], perturbations: ['prune'] })
    const losses = layerLosses(task!, 0.3)
    expect(losses.map(({ layer }) => layer)).toEqual(['layer4', 'layer3', 'layer2', 'layer1', 'layer0'])
    for (const { layer, pooled, levels, safeUpTo } of losses) {
      const depth = Number(layer.slice(-1))
      const drop = (level: number): number => lost(depth, level, 0) / images
      expect(pooled!.value).toBeCloseTo((drop(1) + drop(2)) / 2, 12)
      levels.forEach((truth, level) => expect(truth!.value).toBeCloseTo(drop(level), 12))
      const tooMuch = levels.findIndex((truth) => truth!.high > 0.3)
      expect(safeUpTo).toBe(tooMuch < 0 ? 0.9 : grids.prune.levels[tooMuch - 1])
    }
    // 4 of 50 images lost at the strongest level is safe; 28 of 50 is not, nor is half of it with its interval.
    expect(losses.map(({ safeUpTo }) => safeUpTo)).toEqual([0.1, 0.1, 0.5, 0.5, 0.9])
  })

  it('has no safe intensity where the weakest loses too much', async () => {
    const [task] = await measuredTasks(await written(), { models: ['alpha'], perturbations: ['prune'] })
    expect(layerLosses(task!, 0).map(({ safeUpTo }) => safeUpTo)).toEqual(Array(5).fill(null))
  })
})
