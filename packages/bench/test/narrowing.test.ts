import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTable, verifyFolder } from '@loadbearing/dataset/folder'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { layerLosses } from '../src/layer-losses.ts'
import { measure, type MeasureOptions, type MeasureProgress } from '../src/measure.ts'
import { measuredTasks } from '../src/measured-tasks.ts'
import { merge } from '../src/merge.ts'
import { small } from './small-measurement.ts'
import { reproducible } from './tables-of.ts'
import { temporaryFolder } from './temporary-folder.ts'

const width = 0.04
const precision = { kind: 'interval', width, images: 400, repeats: 2 } as const
const narrow = (out: string, more: Partial<MeasureOptions> = {}): MeasureOptions =>
  small(out, { precision, chunk: 50, ...more })

describe('a measurement of single cells', () => {
  let out: string
  let expected: Record<string, string>
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'loadbearing-'))
    await measure(narrow(out))
    expected = await reproducible(out)
  })
  afterAll(() => rmSync(out, { recursive: true }))

  it('stops each of them when its interval is narrow, or all images are used', async () => {
    const cells = await readTable(out, 'sensitivity')
    expect(new Set(cells.map(({ images }) => images)).size).toBeGreaterThan(2)
    for (const { images } of cells) expect(images % 50 === 0 && images <= 400).toBe(true)
    for (const task of await measuredTasks(out)) {
      for (const { levels } of layerLosses(task, 0.01)) {
        for (const level of levels) {
          const half = (level!.high - level!.low) / 2
          // Of two draws, each is as narrow as was asked for, or took all images.
          if (half > width) expect(cells.some(({ images }) => images === 400)).toBe(true)
          else expect(half).toBeLessThanOrEqual(width)
        }
      }
    }
    expect((await verifyFolder(out)).findings).toEqual([])
  })

  it('measures each as a fixed plan of as many images would', async () => {
    const fixed = temporaryFolder()
    await measure(small(fixed, { precision: { kind: 'fixed', images: 150, repeats: 2 }, chunk: 50 }))
    const whole = await readTable(fixed, 'sensitivity')
    const cells = await readTable(out, 'sensitivity')
    const both = cells.filter(({ images }) => images === 150)
    expect(both.length).toBeGreaterThan(0)
    for (const { cell_id: id, outcome_offset: _, ...cell } of both) expect(whole[id]).toMatchObject(cell)
  })

  it('comes to the same bytes with threads, interruptions and shards', async () => {
    const interrupted = temporaryFolder()
    const controller = new AbortController()
    const onProgress = (event: MeasureProgress): void => {
      if (event.kind === 'narrowed' && event.images === 100) controller.abort(new Error('enough'))
    }
    await expect(measure(narrow(interrupted, { signal: controller.signal, onProgress }))).rejects.toThrow('enough')
    await measure(narrow(interrupted, { threads: 2 }))
    expect(await reproducible(interrupted)).toEqual(expected)

    const shards = [temporaryFolder(), temporaryFolder()]
    for (const [i, folder] of shards.entries()) await measure(narrow(folder, { shard: { index: i + 1, count: 2 } }))
    const merged = temporaryFolder()
    expect(await merge({ shards, out: merged })).toEqual({ kind: 'dataset' })
    expect(await reproducible(merged)).toEqual(expected)
  })
})
