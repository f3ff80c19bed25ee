import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatasetError, InputError } from '@loadbearing/core'
import { readTable, writeTables } from '@loadbearing/dataset/folder'
import { leaderboard, rankTask, truthKinds } from '@loadbearing/ranking'
import { describe, expect, it } from 'vitest'
import { leaderboardOf, readDataset } from '../src/data/dataset.ts'
import { exampleFolders, temporaryFolder } from './example-folder.ts'

const example = exampleFolders()
const perturbations = ['gaussian-noise', 'magnitude-pruning', 'rounding']

describe('a dataset folder', () => {
  it('is read as models with layers, perturbations with grids, and tasks in order', async () => {
    const dataset = await readDataset(example())
    expect(dataset.models.map(({ name, layers }) => [name, layers.length])).toEqual([
      ['tiny-net', 5],
      ['deep-net', 8],
    ])
    expect(dataset.models[1]?.layers[2]).toMatchObject({ depth: 2, name: 'conv3.weight', weightShape: [6, 4, 3, 3] })
    expect(dataset.models[0]).toMatchObject({ cleanCorrect: 108, cleanAccuracy: 0.9, licence: 'MIT' })
    expect(dataset.perturbations[0]).toMatchObject({ name: 'gaussian-noise', intensities: [0.1, 0.4, 0.8] })
    expect(dataset.tasks.map(({ model, perturbation, kind }) => [model.name, perturbation.name, kind])).toEqual(
      ['tiny-net', 'deep-net'].flatMap((model) =>
        perturbations.flatMap((perturbation) => truthKinds.map((kind) => [model, perturbation, kind])),
      ),
    )
  })

  it('says why a task does not count', async () => {
    const { tasks } = await readDataset(example())
    const dead = tasks.find(({ perturbation }) => perturbation.name === 'rounding')
    expect(dead).toMatchObject({ counts: false, liveLevels: [], ceiling: null })
    expect(dead?.reason).toContain('No intensity is live')
    expect(dead?.truths).toEqual([null, null, null, null, null])
  })

  it('gives the drop of a layer at a level as a mean over repeats', async () => {
    const folder = example()
    const { sensitivity } = await readDataset(folder)
    const cells = (await readTable(folder, 'sensitivity')).filter(
      ({ layer_id: layer, perturbation_id: perturbation, level }) => layer === 6 && perturbation === 0 && level === 2,
    )
    const drops = cells.map(({ correct }) => (108 - (correct ?? NaN)) / 120)
    const table = sensitivity.find(({ model, perturbation }) => model.name === 'deep-net' && perturbation.id === 0)
    const found = table?.layers[1]?.[2]
    expect(cells).toHaveLength(4)
    expect(found?.drop).toBeCloseTo(drops.reduce((sum, drop) => sum + drop, 0) / 4, 12)
    expect(found).toMatchObject({
      intensity: 0.8,
      repeats: 4,
      least: Math.min(...drops),
      greatest: Math.max(...drops),
      reason: null,
    })
  })

  it('says why a cell was not measured', async () => {
    const folder = example()
    const rows = await readTable(folder, 'sensitivity')
    const cells = rows.filter(({ layer_id: layer, perturbation_id: id }) => layer === 3 && id === 1)
    for (const cell of cells) Object.assign(cell, { correct: null, bounded_kl: null, reason: 'the weight is constant' })
    await writeTables(folder, { sensitivity: rows })
    const { sensitivity } = await readDataset(folder)
    const table = sensitivity.find(({ model, perturbation }) => model.name === 'tiny-net' && perturbation.id === 1)
    expect(table?.layers[3]?.[0]).toMatchObject({
      repeats: 0,
      drop: null,
      boundedKl: null,
      reason: 'the weight is constant',
    })
    expect(table?.layers[2]?.[0]?.drop).not.toBeNull()
  })

  it('says what scoring a model costs: means over models, the most memory, forwards a score', async () => {
    const { criteria } = await readDataset(example())
    const probe = criteria.find(({ name }) => name === 'bounded-kl')
    // 8 levels in all, 5 and 8 layers.
    const forwards = (40 * 8 * (5 + 8)) / 2
    expect(probe?.cost).toMatchObject({ seconds: 1.5, peakMemory: 2e6, forwards, forwardsPerScore: 40 })
    expect([...(probe?.costs.keys() ?? [])]).toEqual(['tiny-net', 'deep-net'])
  })

  it('lists every file with its rows, those of outcomes counted without reading it', async () => {
    const { files } = await readDataset(example())
    const rows = Object.fromEntries(files.map(({ table, rows }) => [table, rows]))
    // Levels × repeats: 3 × 4, 3 × 1, 2 × 1; 13 layers; 120 images.
    expect(rows).toMatchObject({ models: 2, layers: 13, sensitivity: 17 * 13, outcomes: 17 * 13 * 120, tasks: 12 })
  })
})

describe('the tables', () => {
  it('are the stored ones where nothing is chosen, and the same numbers when all is ranked again', async () => {
    const dataset = await readDataset(example())
    for (const kind of truthKinds) {
      const models = dataset.models.map(({ name }) => name)
      expect(leaderboardOf(dataset, kind, { models })).toEqual(dataset.leaderboards[kind])
      expect(leaderboardOf(dataset, kind)).toBe(dataset.leaderboards[kind])
      expect(dataset.leaderboards[kind].predictor).toHaveLength(5)
    }
  })

  it('are ranked again on the chosen tasks alone', async () => {
    const dataset = await readDataset(example())
    const chosen = dataset.tasks.filter(
      ({ kind, model, perturbation }) =>
        kind === 'accuracy-drop' && model.name === 'deep-net' && perturbation.name === 'magnitude-pruning',
    )
    const table = leaderboardOf(dataset, 'accuracy-drop', {
      models: ['deep-net'],
      perturbations: ['magnitude-pruning'],
    })
    expect(table).toEqual(leaderboard([chosen[0]!.task], dataset.criteria, { seed: ['accuracy-drop'] }))
    expect(table.predictor[0]?.tasks).toBe(1)
    expect(table.predictor.find(({ criterion }) => criterion === 'fragile')).toMatchObject({ share: 0, failures: 1 })
  })

  it('refuse an unknown name with the nearest', async () => {
    const dataset = await readDataset(example())
    expect(() => leaderboardOf(dataset, 'accuracy-drop', { models: ['deep-ned'] })).toThrow(InputError)
    expect(() => leaderboardOf(dataset, 'accuracy-drop', { perturbations: ['rouding'] })).toThrow(
      expect.objectContaining({ hint: "Did you mean 'rounding'?" }),
    )
  })

  it('keep rankings that the tasks give again', async () => {
    const dataset = await readDataset(example())
    const { task, rankings, model, kind } = dataset.tasks[0]!
    const again = rankTask(
      task,
      dataset.criteria.map(({ name }) => name),
      {
        seed: [model.sha256, task.perturbation, kind],
        resamples: 200,
      },
    )
    expect(rankings).toEqual(again)
  })
})

describe('what is no dataset', () => {
  it('is said with the command that makes one', async () => {
    await expect(readDataset(temporaryFolder())).rejects.toThrow(
      expect.objectContaining({ code: 'dataset', hint: expect.stringContaining('npx loadbearing run') as string }),
    )
  })

  it('lacks a ranking, or has one of other scores', async () => {
    const folder = example()
    const criteria = await readTable(folder, 'criteria')
    await writeTables(folder, { criteria: [...criteria, { ...criteria[0]!, criterion_id: 6, name: 'mine' }] })
    await expect(readDataset(folder)).rejects.toThrow(
      expect.objectContaining({ hint: 'Rank them: npx loadbearing rank.' }),
    )
    rmSync(join(folder, 'rankings.arrow'))
    await writeTables(folder, {})
    await expect(readDataset(folder)).rejects.toThrow(
      expect.objectContaining({ hint: 'Make it: npx loadbearing rank.' }),
    )
  })

  it.each([
    [{ track: 'oracle' }, "The criterion 'depth' is of an unknown track, 'oracle'."],
    [{ options: 'samples=3' }, "The options of the criterion 'depth' are no object in JSON."],
    [{ options: '[3]' }, "The options of the criterion 'depth' are no object in JSON."],
  ])('has a criterion of %o', async (change, message) => {
    const folder = example()
    const [first, ...others] = await readTable(folder, 'criteria')
    await writeTables(folder, { criteria: [{ ...first!, ...change }, ...others] })
    await expect(readDataset(folder)).rejects.toMatchObject({
      name: 'DatasetError',
      message,
      hint: 'Score it again: npx loadbearing score.',
    })
  })

  it('is damaged: cut off, foreign, changed, or gone', async () => {
    const damages: [(file: string) => void, RegExp][] = [
      [(file) => truncateSync(file, 900), /cut off/],
      [(file) => writeFileSync(file, 'model_id,name\n'), /not an Arrow file/],
      [(file) => rmSync(file), /cannot be read/],
    ]
    for (const [damage, message] of damages) {
      const folder = example()
      damage(join(folder, 'truths.arrow'))
      const reading = readDataset(folder)
      await expect(reading).rejects.toThrow(DatasetError)
      await expect(reading).rejects.toThrow(message)
    }
    const folder = example()
    const file = join(folder, 'tasks.arrow')
    const sums = readFileSync(join(folder, 'SHA256SUMS'))
    const rows = await readTable(folder, 'tasks')
    await writeTables(folder, { tasks: rows.map((row) => ({ ...row, ceiling: null })) })
    writeFileSync(join(folder, 'SHA256SUMS'), sums)
    await expect(readDataset(folder)).rejects.toThrow(`${file} differs from its checksum`)
  })
})
