import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatasetError } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { encodeRows } from '../src/encode.ts'
import { sha256, verifyFolder, writeTables } from '../src/folder.ts'
import { tables } from '../src/tables.ts'
import { type SmallDataset, smallDataset, unmeasured } from './small-dataset.ts'
import { temporaryFolder } from './temporary-folder.ts'

async function writeSmall(damage: (dataset: SmallDataset) => void = () => undefined): Promise<string> {
  const folder = temporaryFolder()
  const dataset = smallDataset()
  damage(dataset)
  await writeTables(folder, dataset)
  return folder
}

/** Sums up the files as they are. */
async function sumUp(folder: string): Promise<void> {
  rmSync(join(folder, 'SHA256SUMS'))
  await writeTables(folder, {})
}

const at = (table: string, row: number | null, message: string) => ({ table, row, message })

describe('a sound folder', () => {
  it('has no findings, and lists every table with rows, bytes and checksum', async () => {
    const folder = await writeSmall()
    const { files, findings } = await verifyFolder(folder)
    expect(findings).toEqual([])
    expect(files.map(({ name, rows }) => [name, rows])).toEqual([
      ['criteria.arrow', 3],
      ['efforts.arrow', 3],
      ['intervals.arrow', 12],
      ['layers.arrow', 5],
      ['leaderboard.arrow', 6],
      ['models.arrow', 2],
      ['outcomes.arrow', 112],
      ['perturbations.arrow', 2],
      ['rankings.arrow', 18],
      ['runs.arrow', 2],
      ['scores.arrow', 29],
      ['sensitivity.arrow', 29],
      ['size_effects.arrow', 5],
      ['tasks.arrow', 6],
      ['truths.arrow', 16],
    ])
    for (const { name, bytes, sha256: sum } of files) {
      const content = readFileSync(join(folder, name))
      expect([bytes, sum]).toEqual([content.byteLength, sha256(content)])
    }
  })

  it('may lack what was not made yet, and the long table of outcomes', async () => {
    const folder = temporaryFolder()
    const { models, layers, perturbations, sensitivity } = smallDataset()
    await writeTables(folder, { models, layers, perturbations, sensitivity })
    expect((await verifyFolder(folder)).findings).toEqual([])
  })
})

describe('files', () => {
  const cases: [string, (folder: string) => void | Promise<void>, ReturnType<typeof at>[]][] = [
    [
      'are missing',
      (folder) => rmSync(join(folder, 'truths.arrow')),
      [at('truths.arrow', null, 'It is missing, but SHA256SUMS lists it.')],
    ],
    [
      'are no tables of this version',
      (folder) => writeFileSync(join(folder, 'extra.arrow'), 'x'),
      [
        at('extra.arrow', null, 'SHA256SUMS does not list it.'),
        at('extra.arrow', null, 'This version of the dataset has no table of that name.'),
      ],
    ],
    [
      'hold another table',
      async (folder) => {
        writeFileSync(join(folder, 'runs.arrow'), encodeRows(tables.truths, smallDataset().truths))
        await sumUp(folder)
      },
      [
        at(
          'runs.arrow',
          null,
          expect.stringMatching(
            /^It is not the table 'runs': its columns are task_id: Uint16, .*, not kind: Utf8, .*\.$/,
          ) as string,
        ),
      ],
    ],
    [
      'are cut off',
      (folder) => truncateSync(join(folder, 'truths.arrow'), 999),
      [
        at('truths.arrow', null, 'It differs from its checksum in SHA256SUMS.'),
        at('truths.arrow', null, 'It is cut off.'),
      ],
    ],
    [
      'hold a number that changed on the disk',
      (folder) => replaceNumber(join(folder, 'truths.arrow'), 0.625, 0.875),
      [at('truths.arrow', null, 'It differs from its checksum in SHA256SUMS.')],
    ],
    [
      'hold a number that is none',
      async (folder) => {
        replaceNumber(join(folder, 'truths.arrow'), 0.625, NaN)
        await sumUp(folder)
      },
      [at('truths', 12, 'value is NaN, which is no finite number.')],
    ],
    [
      'have no checksums',
      (folder) => rmSync(join(folder, 'SHA256SUMS')),
      [at('SHA256SUMS', null, expect.stringContaining('cannot be read: ENOENT') as string)],
    ],
    [
      'have checksums that are none',
      (folder) => writeFileSync(join(folder, 'SHA256SUMS'), 'abc  truths.arrow\n'),
      [at('SHA256SUMS', null, expect.stringContaining('line 1 is no checksum and file name.') as string)],
    ],
    [
      'refer to a table that is not there',
      async (folder) => {
        rmSync(join(folder, 'criteria.arrow'))
        await sumUp(folder)
      },
      ['scores', 'rankings', 'leaderboard', 'size_effects', 'runs'].map((table) =>
        at(table, null, 'criterion_id refers to criteria, which the folder does not hold.'),
      ),
    ],
  ]
  it.each(cases)('that %s are found', async (_, damage, expected) => {
    const folder = await writeSmall()
    await damage(folder)
    expect((await verifyFolder(folder)).findings).toEqual(expected)
  })

  it('that are not there at all are an error with the next step', async () => {
    const folder = temporaryFolder()
    await expect(verifyFolder(folder)).rejects.toThrow(DatasetError)
    await expect(verifyFolder(join(folder, 'nowhere'))).rejects.toMatchObject({
      message: `${join(folder, 'nowhere')} holds no tables.`,
      hint: expect.stringContaining('npx loadbearing run') as string,
    })
  })
})

/** In a file's bytes, the first place where `before` stands gets `after`. */
function replaceNumber(file: string, before: number, after: number): void {
  const bytes = readFileSync(file)
  const place = bytes.indexOf(Buffer.from(Float64Array.of(before).buffer))
  expect(place).toBeGreaterThan(0)
  bytes.writeDoubleLE(after, place)
  writeFileSync(file, bytes)
}

describe('rows', () => {
  /** Each damages one thing, and says what must be found first; what follows from it may be found too. */
  const cases: [(dataset: SmallDataset) => unknown, ReturnType<typeof at>][] = [
    // ids and numbers
    [({ models }) => (models[1]!.model_id = 7), at('models', 1, 'model_id is 7, which is not its row.')],
    [
      ({ sensitivity }) => (sensitivity[2]!.layer_id = 99),
      at('sensitivity', 2, 'layer_id is 99, but layers has 5 rows.'),
    ],
    [({ runs }) => (runs[1]!.model_id = 2), at('runs', 1, 'model_id is 2, but models has 2 rows.')],
    [
      ({ scores }) => (scores[8]!.perturbation_id = 5),
      at('scores', 8, 'perturbation_id is 5, but perturbations has 2 rows.'),
    ],
    [
      ({ rankings }) => (rankings[17]!.criterion_id = 3),
      at('rankings', 17, 'criterion_id is 3, but criteria has 3 rows.'),
    ],
    [({ truths }) => (truths[15]!.task_id = 6), at('truths', 15, 'task_id is 6, but tasks has 6 rows.')],
    [
      ({ leaderboard }) => (leaderboard[0]!.criterion_id = 9),
      at('leaderboard', 0, 'criterion_id is 9, but criteria has 3 rows.'),
    ],
    // names
    [({ models }) => (models[1]!.name = 'réseau-0'), at('models', 1, 'The name réseau-0 is that of row 0 already.')],
    [
      ({ layers }) => (layers[4]!.name = 'layer0.weight'),
      at('layers', 4, 'The name layer0.weight of model 1 is that of row 3 already.'),
    ],
    [
      ({ perturbations }) => (perturbations[1]!.name = 'noise'),
      at('perturbations', 1, 'The name noise is that of row 0 already.'),
    ],
    [({ criteria }) => (criteria[2]!.name = 'depth'), at('criteria', 2, 'The name depth is that of row 0 already.')],
    // models, layers, perturbations, criteria
    [({ models }) => (models[0]!.layers = 4), at('models', 0, 'layers is 4, but layers has 3 rows of it.')],
    [({ models }) => (models[0]!.parameters = 31), at('models', 0, 'parameters is 31, but its layers have 30.')],
    [({ models }) => (models[0]!.macs = 1), at('models', 0, 'macs is 1, but its layers have 3000.')],
    [({ models }) => (models[0]!.clean_correct = 5), at('models', 0, 'clean_correct is 5, more than its 4 images.')],
    [({ layers }) => (layers[4]!.depth = 2), at('layers', 4, 'depth is 2, but it is layer 1 of its model.')],
    [
      ({ perturbations }) => (perturbations[0]!.intensities = '0.5,strong'),
      at('perturbations', 0, "intensities is '0.5,strong', which are no different numbers joined by commas."),
    ],
    [
      ({ perturbations }) => (perturbations[0]!.intensities = '0.5,0.5'),
      at('perturbations', 0, "intensities is '0.5,0.5', which are no different numbers joined by commas."),
    ],
    [
      ({ criteria }) => (criteria[0]!.track = 'prober'),
      at('criteria', 0, "track is 'prober', neither predictor nor probe."),
    ],
    // cells
    [
      ({ sensitivity }) => (sensitivity[28]!.layer_id = 0),
      at('sensitivity', 28, 'Layer 0 belongs to model 0, not to model 1.'),
    ],
    [({ models }) => (models[0]!.test_images = 2), at('models', 0, 'images is 4, more than the 2 of its test set.')],
    [
      ({ sensitivity }) => (sensitivity[0]!.intensity = 0.75),
      at('sensitivity', 0, 'intensity is 0.75 at level 0, but the grid of perturbation 0 is 0.5, 1.'),
    ],
    [
      ({ sensitivity }) => (sensitivity[0]!.level = 2),
      at('sensitivity', 0, 'intensity is 0.5 at level 2, but the grid of perturbation 0 is 0.5, 1.'),
    ],
    [
      ({ sensitivity }) => (sensitivity[0]!.images = 5),
      at('sensitivity', 0, 'images is 5, but its model was measured on 4.'),
    ],
    [
      ({ sensitivity }) => (sensitivity[11]!.images = 3),
      at('sensitivity', 11, 'images is 3, but another cell of its model, perturbation and level has 4.'),
    ],
    [
      ({ sensitivity }) => (sensitivity[0]!.clean_correct = 2),
      at('sensitivity', 0, 'clean_correct is 2, but that of its model is 3.'),
    ],
    [({ sensitivity }) => (sensitivity[0]!.correct = 5), at('sensitivity', 0, 'correct is 5, more than its 4 images.')],
    [({ sensitivity }) => (sensitivity[0]!.changed = 5), at('sensitivity', 0, 'changed is 5, more than its 4 images.')],
    [
      ({ sensitivity }) => (sensitivity[7]!.non_finite = 4),
      at('sensitivity', 7, 'non_finite is 4, more than the images that are wrong, 1.'),
    ],
    [
      ({ sensitivity }) => (sensitivity[0]!.bounded_kl = 1.5),
      at('sensitivity', 0, 'bounded_kl is 1.5, which is no fraction from 0 to 1.'),
    ],
    [
      ({ sensitivity }) => (sensitivity[0]!.weight_sha256 = 'xyz'),
      at('sensitivity', 0, "weight_sha256 is 'xyz', which are not 16 hex digits."),
    ],
    [
      ({ sensitivity }) => (sensitivity[0]!.correct = null),
      at('sensitivity', 0, 'correct is null, and no reason says why.'),
    ],
    [
      ({ sensitivity }) => (sensitivity[5]!.reason = null),
      at(
        'sensitivity',
        5,
        'correct, changed, non_finite, bounded_kl, outcome_offset, weight_sha256 is null, and no reason says why.',
      ),
    ],
    [
      ({ sensitivity }) => (sensitivity[5]!.correct = 1),
      at('sensitivity', 5, 'It has a reason why it was not measured, and still correct.'),
    ],
    [
      ({ sensitivity }) => (sensitivity[7]!.mean_kl = 0.5),
      at('sensitivity', 7, 'mean_kl is 0.5 although non_finite is 1.'),
    ],
    [
      ({ sensitivity }) => (sensitivity[0]!.mean_loss = null),
      at('sensitivity', 0, 'mean_loss is null although non_finite is 0.'),
    ],
    [
      ({ sensitivity }) => (sensitivity[1]!.repeat = 0),
      at('sensitivity', 1, 'It has the same model, layer, perturbation, level and repeat as row 0.'),
    ],
    [
      ({ sensitivity }) => ([sensitivity[0]!.repeat, sensitivity[1]!.repeat] = [1, 0]),
      at('sensitivity', 1, 'Rows must be in order of model, layer, perturbation, level and repeat.'),
    ],
    [
      ({ sensitivity }) => sensitivity.pop(),
      at('sensitivity', null, 'Layer 4 has 1 cells under perturbation 0 at level 1, not 2 as its model has.'),
    ],
    // efforts
    [
      ({ efforts }) => (efforts[1]!.live_levels = '2,1'),
      at('efforts', 1, "live_levels is '2,1', which are no ascending indices of the 3 levels."),
    ],
    [
      ({ efforts }) => (efforts[1]!.images = 2),
      at('efforts', 1, 'It has 1 draws on 2 images, but the cells at level 1 have 1 on 4.'),
    ],
    [
      ({ efforts }) => (efforts[2]!.perturbation_id = 1),
      at('efforts', 2, 'sensitivity has no cell of model 1 under perturbation 1 at level 1.'),
    ],
    [({ efforts }) => efforts.reverse(), at('efforts', 1, 'Rows must be in order of model and perturbation.')],
    // intervals
    [
      ({ intervals }) => (intervals[2]!.low = 0.3),
      at('intervals', 2, 'Its interval runs from 0.3 to 0.5, and does not hold 0.25.'),
    ],
    [
      ({ intervals, efforts }) => ([intervals[0]!.high, efforts[0]!.images] = [0.75, 5]),
      at('intervals', 0, 'It reaches 0.375 to either side, more than 0.3, but not all images were used.'),
    ],
    [({ intervals }) => intervals.shift(), at('sensitivity', 0, 'It was narrowed, but has no row in intervals.')],
    [({ efforts }) => (efforts[0]!.interval = null), at('intervals', 0, 'Its cell was not narrowed.')],
    [({ intervals }) => intervals.reverse(), at('intervals', 1, 'Rows must be in order of cell.')],
    // outcomes
    [
      ({ sensitivity }) => (sensitivity[28]!.outcome_offset = 110),
      at('sensitivity', 28, 'Its outcomes end at row 114, but outcomes has 112 rows.'),
    ],
    [
      ({ sensitivity }) => (sensitivity[1]!.outcome_offset = 3),
      at('sensitivity', 1, 'Its outcomes start at row 3, inside those of a cell before it, which end at 4.'),
    ],
    [
      ({ sensitivity }) => (sensitivity[1]!.outcome_offset = 8),
      at('sensitivity', 1, 'Its outcomes start at row 8, and the 4 rows before belong to no cell.'),
    ],
    [
      ({ sensitivity }) => Object.assign(sensitivity[28]!, unmeasured, { reason: 'The engine refused.' }),
      at('outcomes', 108, 'The last 4 rows belong to no cell.'),
    ],
    [
      ({ outcomes }) => (outcomes.correct[0] = 1 - outcomes.correct[0]!),
      at('sensitivity', 0, 'correct is 1, but its outcomes add up to 2.'),
    ],
    [
      ({ outcomes }) => (outcomes.clean_correct[2] = 1),
      at('sensitivity', 0, 'clean_correct is 3, but its outcomes add up to 4.'),
    ],
    [
      ({ outcomes }) => (outcomes.bounded_kl[0] = 2 ** -20),
      at(
        'sensitivity',
        0,
        expect.stringMatching(/^bounded_kl is 0\.15\d*, but the mean of its outcomes is 0\.15\d*\.$/) as string,
      ),
    ],
    [
      ({ outcomes }) => (outcomes.bounded_kl[9] = -0.5),
      at('outcomes', 9, 'bounded_kl is -0.5, which is no fraction from 0 to 1.'),
    ],
    // scores
    [({ scores }) => (scores[0]!.value = null), at('scores', 0, 'It has no value, and no reason says why.')],
    [
      ({ scores }) => (scores[0]!.reason = 'It threw.'),
      at('scores', 0, 'It has a value, and still a reason why there is none.'),
    ],
    [({ scores }) => (scores[26]!.standard_error = 0.5), at('scores', 26, 'It has a standard error, but no value.')],
    [({ scores }) => (scores[26]!.capped = true), at('scores', 26, 'It is capped, but has no value.')],
    [({ scores }) => (scores[25]!.standard_error = -1), at('scores', 25, 'standard_error is -1, less than 0.')],
    [
      ({ scores }) => (scores[0]!.engine = 'an engine 1.2.3'),
      at('scores', 0, 'engine is an engine 1.2.3, but its criterion runs no network.'),
    ],
    [({ scores }) => (scores[25]!.engine = ''), at('scores', 25, 'engine is empty; null stands for none.')],
    [
      ({ scores }) => (scores[0]!.level = 1),
      at('scores', 0, 'perturbation_id is null and level 1, but its criterion is not aware of perturbations.'),
    ],
    [
      ({ criteria }) => (criteria[0]!.aware = true),
      at('scores', 0, 'perturbation_id is null and level null, but its criterion is aware of perturbations.'),
    ],
    [({ scores }) => (scores[8]!.level = 2), at('scores', 8, 'level is 2, but perturbation 0 has 2 levels.')],
    [({ scores }) => (scores[4]!.layer_id = 0), at('scores', 4, 'Layer 0 belongs to model 0, not to model 1.')],
    [
      ({ scores }) => (scores[1]!.layer_id = 0),
      at('scores', 1, 'It has the same criterion, model, perturbation, level and layer as row 0.'),
    ],
    [
      ({ scores }) => scores.reverse(),
      at('scores', 1, 'Rows must be in order of criterion, model, perturbation, level and layer.'),
    ],
    [
      ({ scores }) => scores.splice(1, 1),
      at('scores', 0, 'From here on, criterion 0 has scores of 2 layers of model 0, which has 3.'),
    ],
    // tasks and truths
    [
      ({ tasks }) => ([tasks[5]!.perturbation_id, tasks[4]!.perturbation_id] = [1, 1]),
      at('tasks', 4, 'sensitivity has no cell of model 1 under perturbation 1.'),
    ],
    [
      ({ tasks }) => (tasks[0]!.truth = 'loss'),
      at('tasks', 0, "truth is 'loss', not one of accuracy-drop, bounded-kl."),
    ],
    [({ tasks }) => (tasks[0]!.layers = 2), at('tasks', 0, 'layers is 2, but its model has 3.')],
    [({ tasks }) => (tasks[0]!.reason = 'Dull.'), at('tasks', 0, 'It counts, and still has a reason why it does not.')],
    [({ tasks }) => (tasks[4]!.reason = null), at('tasks', 4, 'It does not count, and no reason says why.')],
    [({ tasks }) => (tasks[0]!.ceiling = null), at('tasks', 0, 'It counts, but has no noise ceiling.')],
    [
      ({ tasks }) => (tasks[0]!.live_levels = '0,2'),
      at('tasks', 0, "live_levels is '0,2', which are no ascending indices of the 2 levels."),
    ],
    [
      ({ tasks }) => (tasks[1]!.truth = 'accuracy-drop'),
      at('tasks', 1, 'It has the same model, perturbation and truth as row 0.'),
    ],
    [({ truths }) => (truths[0]!.low = 0.9), at('truths', 0, 'Its interval runs from 0.9 down to 0.875.')],
    [
      ({ truths }) => (truths[2]!.layer_id = 3),
      at('truths', 2, 'Layer 3 belongs to model 1, but task 0 is one of model 0.'),
    ],
    [({ truths }) => (truths[1]!.layer_id = 0), at('truths', 1, 'It has the same task and layer as row 0.')],
    // rankings and leaderboard
    [
      ({ rankings }) => (rankings[0]!.share = 0.5),
      at('rankings', 0, 'share is 0.5, not spearman 0.5 by the ceiling 0.95 of its task.'),
    ],
    [
      ({ rankings }) => (rankings[12]!.reason = null),
      at('rankings', 12, 'It has no correlation, and no reason says why.'),
    ],
    [({ rankings }) => (rankings[2]!.reason = null), at('rankings', 2, 'failed_layers is 1, and no reason says why.')],
    [
      ({ rankings }) => (rankings[0]!.reason = 'It threw.'),
      at('rankings', 0, 'It did not fail, and still has a reason why.'),
    ],
    [
      ({ rankings }) => (rankings[2]!.failed_layers = 4),
      at('rankings', 2, 'failed_layers is 4, but its task has 3 layers.'),
    ],
    [({ rankings }) => (rankings[0]!.kendall = -1.5), at('rankings', 0, 'kendall is -1.5, not within -1 and 1.')],
    [({ rankings }) => (rankings[0]!.ndcg = 1.5), at('rankings', 0, 'ndcg is 1.5, not within 0 and 1.')],
    [({ rankings }) => (rankings[0]!.share_low = null), at('rankings', 0, 'The interval of its share has one end.')],
    [
      ({ rankings }) => (rankings[0]!.share_low = 2),
      at('rankings', 0, expect.stringMatching(/^The interval of its share runs from 2 down to 0\.77/) as string),
    ],
    [
      ({ rankings }) => Object.assign(rankings[17]!, { share_low: 0, share_high: 1 }),
      at('rankings', 17, 'It has an interval of its share, but no share.'),
    ],
    [
      ({ rankings }) => (rankings[1]!.criterion_id = 0),
      at('rankings', 1, 'It has the same task and criterion as row 0.'),
    ],
    [
      ({ leaderboard }) => (leaderboard[0]!.tasks = 3),
      at('leaderboard', 0, 'tasks is 3, but rankings has 2 that count.'),
    ],
    [
      ({ leaderboard }) => (leaderboard[2]!.failures = 0),
      at('leaderboard', 2, 'failures is 0, but rankings has 1 that count.'),
    ],
    [
      ({ leaderboard }) => (leaderboard[1]!.constants = 0),
      at('leaderboard', 1, 'constants is 0, but rankings has 1 that count.'),
    ],
    [({ leaderboard }) => (leaderboard[0]!.share = null), at('leaderboard', 0, 'share is null, but 2 tasks count.')],
    [
      ({ leaderboard }) => (leaderboard[1]!.criterion_id = 0),
      at('leaderboard', 1, 'Its criterion has a row for this truth already.'),
    ],
    [
      ({ leaderboard }) => (leaderboard[0]!.truth = 'loss'),
      at('leaderboard', 0, "truth is 'loss', not one of accuracy-drop, bounded-kl."),
    ],
    [
      ({ size_effects: effects }) => (effects[0]!.perturbation_id = 0),
      at('size_effects', 0, 'perturbation_id is 0, but its criterion is not aware of perturbations.'),
    ],
    [
      ({ size_effects: effects }) => (effects[2]!.perturbation_id = null),
      at('size_effects', 2, 'perturbation_id is null, but its criterion is aware of perturbations.'),
    ],
    [
      ({ size_effects: effects }) => (effects[0]!.layers = 2),
      at('size_effects', 0, 'layers is 2, but scores has 3 with a value.'),
    ],
    [
      ({ size_effects: effects }) => (effects[2]!.layers = 4),
      at('size_effects', 2, 'layers is 4, but its model has 3.'),
    ],
    [
      ({ size_effects: effects }) => (effects[0]!.macs = -1.5),
      at('size_effects', 0, 'macs is -1.5, not within -1 and 1.'),
    ],
    [
      ({ size_effects: effects }) => (effects[4]!.depth = 0.5),
      at('size_effects', 4, 'depth is 0.5, but 0 layers have a score.'),
    ],
    [
      ({ size_effects: effects }) => (effects[1]!.constant = true),
      at('size_effects', 1, 'depth is 1, though its scores are constant.'),
    ],
    [
      ({ size_effects: effects }) => (effects[1]!.model_id = 0),
      at('size_effects', 1, 'It has the same criterion, model and perturbation as row 0.'),
    ],
  ]
  it.each(
    cases.map(([damage, expected]) => ({
      damage,
      expected,
      name: `${expected.table}, row ${String(expected.row)}: ${expected.message}`,
    })),
  )('break a rule: $name', async ({ damage, expected }) => {
    const folder = await writeSmall((dataset) => {
      damage(dataset)
    })
    expect((await verifyFolder(folder)).findings).toContainEqual(expected)
  })

  it('are listed up to a number, and the rest is counted', async () => {
    const folder = await writeSmall(({ outcomes }) => outcomes.bounded_kl.fill(2))
    const { findings } = await verifyFolder(folder)
    const own = findings.filter(({ table }) => table === 'outcomes')
    expect(own).toHaveLength(21)
    expect(own.at(-1)).toEqual(at('outcomes', null, 'There are 92 more findings of this kind.'))
  })
})
