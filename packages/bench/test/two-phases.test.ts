import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTable, verifyFolder } from '@loadbearing/dataset/folder'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { measure, type MeasureOptions, type MeasureProgress } from '../src/measure.ts'
import { measuredTasks } from '../src/measured-tasks.ts'
import { merge } from '../src/merge.ts'
import { small, twoPhases } from './small-measurement.ts'
import { reproducible } from './tables-of.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** LeNet under bit flips and pruning, in chunks of 25 images: a pilot of two chunks, then what it decides. */
const adaptive = (out: string, more: Partial<MeasureOptions> = {}): MeasureOptions =>
  small(out, { precision: twoPhases, ...more })

let undisturbed: string
let expected: Record<string, string>
const events: MeasureProgress[] = []
beforeAll(async () => {
  undisturbed = mkdtempSync(join(tmpdir(), 'loadbearing-'))
  await measure(adaptive(undisturbed, { onProgress: (event) => events.push(event) }))
  expected = await reproducible(undisturbed)
})
afterAll(() => rmSync(undisturbed, { recursive: true }))

describe('a measurement in two phases', () => {
  it('measures every level in the pilot, and more of the live ones, of which it says so', async () => {
    const efforts = await readTable(undisturbed, 'efforts')
    const perturbations = await readTable(undisturbed, 'perturbations')
    const cells = await readTable(undisturbed, 'sensitivity')
    expect(efforts).toHaveLength(2)
    expect(efforts.some(({ images, repeats }) => images > 50 || repeats > 2)).toBe(true)
    for (const effort of efforts) {
      expect(effort).toMatchObject({ target: 0.97, pilot_images: 50 })
      const live = effort.live_levels!.split(',').map(Number)
      const { stochastic } = perturbations[effort.perturbation_id]!
      for (const level of [0, 1, 2, 3, 4]) {
        const its = cells.filter((cell) => cell.perturbation_id === effort.perturbation_id && cell.level === level)
        const size = live.includes(level) ? effort : { images: 50, repeats: stochastic ? 2 : 1 }
        expect(its).toHaveLength(5 * size.repeats)
        for (const { images } of its) expect(images).toBe(size.images)
      }
    }
    expect((await verifyFolder(undisturbed)).findings).toEqual([])
  })

  it('says what the pilot decided before it goes on', () => {
    expect(events.map(({ kind }) => kind).filter((kind, i, all) => kind !== all[i - 1])).toEqual([
      'plan',
      'unit',
      'decided',
      'plan',
      'unit',
    ])
  })

  it('pools the levels that the pilot found live', async () => {
    const efforts = await readTable(undisturbed, 'efforts')
    const tasks = await measuredTasks(undisturbed)
    expect(tasks.map(({ measured }) => measured.live.join())).toEqual(efforts.map((effort) => effort.live_levels))
  })

  it('holds the same cells as a fixed plan that measures all of them, to the bit', async () => {
    const out = temporaryFolder()
    await measure(small(out, { precision: { kind: 'fixed', images: 150, repeats: 6 } }))
    const key = (cell: { layer_id: number; perturbation_id: number; level: number; repeat: number; images: number }) =>
      [cell.layer_id, cell.perturbation_id, cell.level, cell.repeat, cell.images].join('/')
    const fixed = new Map((await readTable(out, 'sensitivity')).map((cell) => [key(cell), cell]))
    const full = (await readTable(undisturbed, 'sensitivity')).filter((cell) => cell.images === 150)
    for (const { cell_id: _, outcome_offset: __, ...cell } of full) expect(fixed.get(key(cell))).toMatchObject(cell)
  })

  it('comes to the same bytes with threads and interruptions, also between the phases', async () => {
    const out = temporaryFolder()
    for (const units of [7, 20, 33]) {
      const controller = new AbortController()
      let finished = 0
      const onProgress = ({ kind }: MeasureProgress): void => {
        if (kind === 'unit' && ++finished === units) controller.abort(new Error('enough'))
      }
      await measure(adaptive(out, { threads: 2, signal: controller.signal, onProgress })).catch(() => undefined)
    }
    await measure(adaptive(out, { threads: 2 }))
    expect(await reproducible(out)).toEqual(expected)
  })

  it('spends no more than the pilot where there is no time, and says why', async () => {
    const out = temporaryFolder()
    await measure(adaptive(out, { seconds: 1e-9 }))
    for (const effort of await readTable(out, 'efforts')) {
      expect(effort.images).toBe(50)
      if (effort.expected! < 0.97) expect(effort.reason).toMatch(/^there is time for a ceiling of 0\.\d{3}$/)
    }
  })
})

describe('shards', () => {
  const shardsOf = async (count: number, from?: string): Promise<string[]> => {
    const folders = Array.from({ length: count }, () => temporaryFolder())
    for (const [i, folder] of folders.entries()) {
      if (from !== undefined) cpSync(from, folder, { recursive: true })
      await measure(adaptive(folder, { shard: { index: i + 1, count } }))
    }
    return folders
  }

  it('merge into the bytes of one run, the pilot first and then what it decided', async () => {
    const out = temporaryFolder()
    const pilots = await shardsOf(3)
    const decided = await merge({ shards: pilots.toReversed(), out })
    expect(decided).toMatchObject({ kind: 'decided', pairs: [{ model: 'lenet-fashion' }, { model: 'lenet-fashion' }] })
    expect(readdirSync(out)).toEqual(['.measure'])
    const rest = await shardsOf(2, out)
    expect(await merge({ shards: rest, out })).toEqual({ kind: 'dataset' })
    expect(await reproducible(out)).toEqual(expected)
  })

  it('divide the work: none of them measures what another does', async () => {
    const units = (await shardsOf(3)).map((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.unit')),
    )
    expect(new Set(units.flat()).size).toBe(units.flat().length)
    for (const own of units) expect(own.length).toBeGreaterThan(0)
  })

  it('that are missing, doubled, foreign or unfinished are refused by name', async () => {
    const [first = '', second = ''] = await shardsOf(2)
    const out = temporaryFolder()
    await expect(merge({ shards: [second], out })).rejects.toThrow('Shard 1/2 is missing.')
    await expect(merge({ shards: [first, first, second], out })).rejects.toThrow(
      `${first} and ${first} both hold shard 1/2.`,
    )
    const foreign = temporaryFolder()
    await measure(adaptive(foreign, { shard: { index: 2, count: 2 }, precision: { ...twoPhases, ceiling: 0.9 } }))
    await expect(merge({ shards: [first, foreign], out })).rejects.toThrow(
      `${foreign} is a shard of another measurement than ${first}.`,
    )
    await expect(merge({ shards: [undisturbed], out })).rejects.toThrow(`${undisturbed} holds no shard.`)
    const [unit = ''] = readdirSync(second, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.unit'),
    )
    rmSync(join(second, unit))
    await expect(merge({ shards: [first, second], out })).rejects.toThrow(`Shard 2/2 in ${second} is not finished.`)
    writeFileSync(join(second, unit), 'damaged')
    await expect(merge({ shards: [first, second], out })).rejects.toThrow(/\.unit is missing or damaged/)
    await expect(measure(adaptive(first, { shard: { index: 2, count: 2 } }))).rejects.toThrow(
      'holds shard 1/2, not 2/2',
    )
  })
})
