import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readTable, verifyFolder } from '@loadbearing/dataset/folder'
import { describe, expect, it, vi } from 'vitest'
import { loadPlugins } from '../src/plugins.ts'
import { criteria as registered } from '../src/registry.generated.ts'
import { type MemoryProgress, score, type ScoredCriterion } from '../src/score.ts'
import { measuredFolder } from './measured-folder.ts'
import { temporaryFolder } from './temporary-folder.ts'

const measured = measuredFolder()
const { criteria } = await loadPlugins(join(import.meta.dirname, 'memory-criteria.ts'))
const named = (...names: string[]): ScoredCriterion[] =>
  names.map((name) => [...criteria, ...registered].find(({ plugin }) => plugin.name === name)!)

/** What is stored of them, by name, after scoring with what they take of memory, and what was said meanwhile. */
async function weighed(chosen: readonly ScoredCriterion[]) {
  const out = measured.copy()
  const said: MemoryProgress[] = []
  await score({ out, criteria: chosen, memory: true, onMemory: (progress) => said.push(progress) })
  expect((await verifyFolder(out)).findings).toEqual([])
  const names = (await readTable(out, 'criteria')).map(({ name }) => name)
  const runs = (await readTable(out, 'runs')).filter(({ kind }) => kind === 'score')
  const scores = await readTable(out, 'scores')
  return { said, scores, bytes: Object.fromEntries(runs.map((run) => [names[run.criterion_id!]!, run.peak_memory])) }
}

describe('peak memory', () => {
  it('is what a criterion takes by itself, whatever came before it in the same command', async () => {
    const { said, bytes } = await weighed(named('holds-much', 'holds-little', 'holds-as-much'))
    for (const name of ['holds-much', 'holds-as-much']) {
      expect(bytes[name]).toBeGreaterThan(199e6)
      expect(bytes[name]).toBeLessThan(230e6)
    }
    expect(bytes['holds-little']).toBeLessThan(20e6)
    expect(said.map(({ finished, pairs }) => [finished, pairs])).toEqual([1, 2, 3].map((finished) => [finished, 3]))
    expect(Object.fromEntries(said.map(({ criterion, memory }) => [criterion, memory]))).toEqual(
      Object.fromEntries(Object.entries(bytes).map(([name, its]) => [name, { bytes: its }])),
    )
  })

  it('counts the engines that a criterion needs, at a level where it is aware', async () => {
    const { bytes } = await weighed(named('parameter-count', 'snip', 'bounded-kl'))
    // LeNet's weights are 0.2 MB: what is above that is engines.
    expect(bytes['parameter-count']).toBeLessThan(20e6)
    expect(bytes.snip).toBeGreaterThan(20e6)
    expect(bytes['bounded-kl']).toBeGreaterThan(bytes['parameter-count']!)
  })

  it('is unknown where its process is killed, which no score depends on', async () => {
    const { said, scores, bytes } = await weighed(named('dies-alone', 'holds-little'))
    expect(said.find(({ criterion }) => criterion === 'dies-alone')!.memory).toEqual({
      failure: 'its process ended with SIGKILL',
    })
    expect(bytes['dies-alone']).toBeNull()
    expect(bytes['holds-little']).not.toBeNull()
    expect(scores.slice(0, 5).map(({ value }) => value)).toEqual([0, 1, 2, 3, 4])
  })

  it('is left out where nobody asks, and then is null', async () => {
    const out = measured.copy()
    await score({ out, criteria: named('depth') })
    const [run] = (await readTable(out, 'runs')).filter(({ kind }) => kind === 'score')
    expect(run!.peak_memory).toBeNull()
  })

  it('ends with its processes when aborted', async () => {
    const [out, told] = [measured.copy(), join(temporaryFolder(), 'pid')]
    const controller = new AbortController()
    const [waits] = named('waits')
    const scoring = score({
      out,
      criteria: [{ ...waits!, options: { told } }],
      memory: true,
      signal: controller.signal,
    })
    await vi.waitUntil(() => existsSync(told) && readFileSync(told, 'utf8') !== '', { timeout: 20_000 })
    controller.abort(new Error('enough'))
    await expect(scoring).rejects.toThrow('enough')
    expect(() => process.kill(Number(readFileSync(told, 'utf8')), 0)).toThrow('ESRCH')
    expect((await verifyFolder(out)).findings).toEqual([])
  })
})
