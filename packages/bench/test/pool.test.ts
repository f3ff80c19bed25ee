import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'

const script = join(import.meta.dirname, 'pool-in-child.ts')
const root = temporaryFolder(afterAll)

/** What a pool in a process of its own says of a perturbation, once that process has ended by itself. */
async function outcomeOf(perturbation: string, args: readonly string[] = [], nodeArgs: readonly string[] = []) {
  const folder = mkdtempSync(join(root, 'pool-'))
  const child = spawn(
    process.execPath,
    [...nodeArgs, '--conditions=@loadbearing/source', script, folder, perturbation, ...args],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, LOADBEARING_TEST_FOLDER: folder } },
  )
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return { ...(JSON.parse(said) as { readonly message?: string; readonly hint?: string }), signal: child.signalCode }
}

const on = "on layer 'conv2.weight' of zoo:lenet-fashion ended a worker twice"

describe('a worker that dies', () => {
  it('once is replaced, and its job is done', async () => {
    expect(await outcomeOf('exits-once')).toEqual({ finished: [0], signal: null })
  })

  it.each([
    ['exits', 'plugin', /something in it ended its thread with exit code 3\.$/, 'Mend exits, or measure without it.'],
    ['throws-later', 'plugin', /threw outside of its run: out of paper\.$/, 'Mend throws-later'],
    ['eats-memory', 'engine', /it ran out of memory\.$/, 'Try fewer --threads, or see whether eats-memory keeps'],
  ])('twice on a job, because it %s, is named', async (name, code, message, hint) => {
    const outcome = await outcomeOf(name, [], ['--max-old-space-size=128'])
    expect(outcome).toEqual({
      code,
      message: expect.stringMatching(message) as string,
      hint: expect.stringContaining(hint) as string,
      signal: null,
    })
    expect(outcome.message).toContain(`Measuring ${name} ${on}: `)
    expect(outcome.hint).toContain('The same command goes on where it stopped.')
  })
})

describe('a worker that does not come back', () => {
  // The second one is in a native call, in which no thread can be ended: the process does not wait for it.
  it.each([
    ['never-returns', null],
    ['reads-what-never-comes', 'SIGKILL'],
  ])('from a perturbation that %s is given up, and the process ends', async (name, signal) => {
    expect(await outcomeOf(name, ['--least', '1'])).toEqual({
      code: 'plugin',
      message: expect.stringMatching(
        new RegExp(`^Measuring ${name} ${on}: nothing came back from the perturbation for \\d+ seconds\\.$`),
      ) as string,
      hint: expect.stringContaining(`Mend ${name}, or measure without it.`) as string,
      signal,
    })
  })

  it('from the file of the model is named, and the process ends', async () => {
    const pipe = join(root, 'model.onnx')
    execFileSync('mkfifo', [pipe])
    const { message, hint } = await outcomeOf('exits', ['--model', pipe, '--opening', '1'])
    expect(message).toMatch(
      /model\.onnx ended a worker twice: nothing came back from opening the model for \d+ seconds\.$/,
    )
    expect(hint).toContain('memory and a disk to spare')
  })

  it('is not waited for when the measurement is stopped', async () => {
    expect(await outcomeOf('never-returns', ['--least', '3', '--stop-after', '2'])).toEqual({
      message: 'The operation was aborted due to timeout',
      signal: null,
    })
  })

  it('at once, but in time, is left alone', async () => {
    expect(await outcomeOf('pauses', ['--least', '60'])).toEqual({ finished: [0], signal: null })
  })
})
