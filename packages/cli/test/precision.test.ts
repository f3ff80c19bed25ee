import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadbearing } from './command.ts'
import { temporaryFolder } from './temporary-folder.ts'

const lenet = ['measure', 'zoo:lenet-fashion', '--threads', '1', '--perturbation', 'bit-flip']

describe('measure', () => {
  it('to a noise ceiling says what the pilot decided, and splits into shards that merge', async () => {
    const cwd = temporaryFolder()
    const adaptive = [...lenet, '--ceiling', '0.9', '--images', '100', '--repeats', '3']
    const whole = await loadbearing([...adaptive, '--out', 'whole'], { cwd })
    expect(whole.code).toBe(0)
    expect(whole.stderr).toMatch(/The pilot is done\. To follow:\n +perturbation +live levels +images +draws +ceiling/)
    expect(whole.stdout).toMatch(/^lenet-fashion under bit-flip/)

    for (const part of ['1', '2']) {
      const shard = await loadbearing([...adaptive, '--shard', `${part}/2`, '--out', `shard-${part}`], { cwd })
      expect(shard.stdout).toMatch(`Shard ${part}/2 is measured into shard-${part}.`)
    }
    const merged = await loadbearing(['dataset', 'merge', 'shard-1', 'shard-2', '--out', 'all'], { cwd })
    expect(merged.stdout).toMatch(/The pilot is done[\s\S]*Copy all to every machine/)
    const missing = await loadbearing(['dataset', 'merge', 'shard-1', '--out', 'other'], { cwd })
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('Shard 2/2 is missing.')])
    const rest = await loadbearing([...adaptive, '--out', 'all'], { cwd })
    expect(rest.stdout).toBe(whole.stdout)
  })

  it('of single cells says how many are not narrow yet', async () => {
    const cwd = temporaryFolder()
    const { code, stdout, stderr } = await loadbearing([...lenet, '--interval', '0.02', '--intensity', '0.03'], { cwd })
    expect(code).toBe(0)
    expect(stderr).toMatch(/\n5 cells not narrow after 125 images\./)
    const intervals = [...stdout.matchAll(/\.weight +\S+ +\[(−?[\d.]+), (−?[\d.]+)\]/g)]
    expect(intervals.length).toBeGreaterThan(0)
  })

  it.each([
    [
      ['--interval', '0.01', '--time', '1m'],
      '--interval measures single cells, --ceiling and --time the order of the layers.',
    ],
    [['--time', '5 parsecs'], 'It must be a time as 90s, 30m or 2h.'],
    [['--ceiling', '1'], 'It must be a number between 0 and 1, as 0.95.'],
    [['--shard', '3/2'], 'It must be a part and their number, as 2/3.'],
    [['--perturbation', 'bit-flop'], "There is no perturbation called 'bit-flop'."],
  ])('refuses %j', async (options, message) => {
    const { code, stderr } = await loadbearing([...lenet, ...options, '--out', join('no', 'where')], {
      cwd: temporaryFolder(),
    })
    expect(code).not.toBe(0)
    expect(stderr).toContain(message)
  })
})
