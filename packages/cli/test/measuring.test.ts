import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type CommandOptions, jsonOutput, loadbearing, output } from './command.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { classifier } from './tiny-models.ts'

// Two chunks of images, so that something is finished and something is not when it is stopped.
const whole = ['measure', 'zoo:lenet-fashion', '--images', '300', '--repeats', '2', '--threads', '2']
const brief = ['measure', 'zoo:lenet-fashion', '--images', '20', '--repeats', '2', '--threads', '1']

/** Checksums of the tables that may not differ between two measurements. */
function checksums(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.arrow') && name !== 'runs.arrow')
  const sum = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex')
  return Object.fromEntries(names.sort().map((name) => [name, sum(name)]))
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => /\.(arrow|unit|json|tmp)$/.test(name))

/** Sends a signal, once, when the command has said something. */
function endAt(words: string, signal: NodeJS.Signals): NonNullable<CommandOptions['onStderr']> {
  let sent = false
  return (stderr, child) => {
    if (!sent && stderr.includes(words)) sent = child.kill(signal)
  }
}

describe('measure', () => {
  it('prints the layers by loss with intervals and what is safe; progress goes to stderr', async () => {
    const cwd = temporaryFolder()
    const { code, stdout, stderr } = await loadbearing([...brief, '--perturbation', 'bit-flip'], { cwd })
    expect(code).toBe(0)
    expect(stderr).toMatch(
      /^1 model, 5 layers, 50 cells: 1,000 forward passes to go, about [\d.]+ (s|min) on 1 thread with at most about \d+ MB of memory\./,
    )
    expect(stderr).toMatch(/Measuring 100 %/)
    expect(stdout).toMatch(/^lenet-fashion under bit-flip: points of accuracy lost, from [\d.]+ % of 20 images\.\n/)
    expect(stdout).toMatch(/\n +layer +lost +95 % interval +safe up to +at 0\.01 +at 0\.03 /)
    const lost = [...stdout.matchAll(/^ {2}\S+\.weight +(−?[\d.]+) +\[/gm)].map(([, points]) =>
      Number(points!.replace('−', '-')),
    )
    expect(lost).toHaveLength(5)
    expect(lost).toEqual(lost.toSorted((a, b) => b - a))
    expect(stdout).toMatch(/(No layer is safe|Safe) within 1 point/)
  })

  it('measures a file on data with its own preprocessing at chosen intensities, weakest first, as JSON', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'mine.onnx'), classifier())
    const preprocessing = ['--data', 'zoo:fashion-mnist', '--mean', '0.29', '--std', '0.35']
    const chosen = ['--perturbation', 'uniform-quantization', '--intensity', '3,15', '--tolerance', '100']
    // Options stand in front of the model on purpose.
    const call = ['measure', ...chosen, '--images', '20', ...preprocessing, 'mine.onnx']
    const level = z.object({ value: z.number(), low: z.number(), high: z.number() })
    const layer = z.object({ layer: z.string(), levels: z.array(level), safeUpTo: z.number().nullable() })
    const task = z.object({
      model: z.string(),
      perturbation: z.string(),
      intensities: z.array(z.number()),
      tolerance: z.number(),
      layers: z.array(layer),
    })
    const [only, ...others] = z.array(task).parse(await jsonOutput(call, { cwd }))
    expect(others).toEqual([])
    expect(only).toMatchObject({
      model: 'mine',
      perturbation: 'uniform-quantization',
      intensities: [15, 3],
      tolerance: 1,
    })
    expect(only!.layers).toMatchObject([{ layer: 'w', safeUpTo: 3 }])
  })

  it('keeps what a plugin logs off stdout', async () => {
    const cwd = temporaryFolder()
    writeFileSync(
      join(cwd, 'loud.mjs'),
      `console.log('hear, hear')
      export default {
        name: 'loud', family: 'noise', version: 1, summary: 'Logs.', target: 'weights', unit: 'none', stochastic: false,
        reference: { title: 'none', url: 'https://example.org' }, intensities: [1],
        apply: (weight) => (console.info('a weight'), weight),
      }`,
    )
    const { stdout, stderr } = await loadbearing([...brief, '--plugin', './loud.mjs', '--json'], { cwd })
    expect(JSON.parse(stdout)).toMatchObject([{ perturbation: 'loud' }])
    expect(stderr).toMatch(/hear, hear[^]*a weight/)
  })

  it('stopped by Ctrl-C or killed, goes on where it stopped, to the bytes of a measurement that was not', async () => {
    const cwd = temporaryFolder()
    const stopped = await loadbearing([...whole, '--out', 'stopped'], {
      cwd,
      onStderr: endAt('Measuring 20 %', 'SIGINT'),
    })
    expect(stopped).toMatchObject({ code: 130, signal: null, stdout: '' })
    expect(stopped.stderr).toMatch(/\nInterrupted\. What was finished is kept; the same command goes on with it\.\n$/)
    expect(filesBelow(join(cwd, 'stopped')).filter((name) => /arrow|tmp/.test(name))).toEqual([])

    const killed = await loadbearing([...whole, '--out', 'stopped'], {
      cwd,
      onStderr: endAt('Measuring ', 'SIGKILL'),
    })
    expect(killed).toMatchObject({ code: null, signal: 'SIGKILL', stdout: '' })
    expect(killed.stderr).toMatch(/: \d+ % is there; /)

    const resumed = await output([...whole, '--out', 'stopped'], { cwd })
    expect(await output([...whole, '--out', 'at-once'], { cwd })).toBe(resumed)
    expect(Object.keys(checksums(join(cwd, 'at-once')))).toContain('sensitivity.arrow')
    expect(checksums(join(cwd, 'stopped'))).toEqual(checksums(join(cwd, 'at-once')))
  }, 180_000)

  it('says that the disk is full, keeps what was there, and goes on when there is space', async () => {
    const cwd = temporaryFolder()
    const full = await loadbearing(brief, { cwd, fileSize: 8192 })
    expect(full.code).toBe(1)
    expect(full.stderr).toMatch(
      /\nError: \S+ could not be written: the disk is full\.\nFree some space, then give the same command again: .*\n$/,
    )
    expect(full.stderr).not.toMatch(/^ +at /m)
    expect(filesBelow(join(cwd, 'loadbearing-dataset')).filter((name) => name.endsWith('.tmp'))).toEqual([])
    expect(await output(brief, { cwd })).toMatch(/under bit-flip/)
  }, 120_000)

  it('says which folder cannot be written to', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'file'), '')
    const { code, stderr } = await loadbearing([...brief, '--out', 'file/dataset'], { cwd })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Error: \S*file.* (could not be written|cannot be read|cannot be written).*\n.+\n$/m)
  })

  it('run stops with what it has, too', async () => {
    const cwd = temporaryFolder()
    const onStderr = endAt('cells: ', 'SIGTERM')
    const { code, stdout, stderr } = await loadbearing(['run', '--profile', 'quick', '--serve', '--no-serve'], {
      cwd,
      onStderr,
    })
    expect([code, stdout]).toEqual([143, ''])
    expect(stderr).toMatch(/^Measure\n\d+ models, \d+ layers, [\d,]+ cells[^]*\nInterrupted\. /)
  })
})

describe('perturb', () => {
  it('writes the model of one cell', async () => {
    const cwd = temporaryFolder()
    mkdirSync(join(cwd, 'cells'))
    const cell = ['--layer', 'conv1.weight', '--perturbation', 'bit-flip', '--intensity', '0.01']
    expect(await output(['perturb', 'zoo:lenet-fashion', ...cell], { cwd })).toMatch(
      /^Wrote lenet-fashion\.conv1\.weight\.bit-flip\.0\.01\.0\.onnx\.\n.*\n {2}perturbed weight: SHA-256 [0-9a-f]{16}/,
    )
    const other = ['perturb', 'zoo:lenet-fashion', ...cell, '--repeat', '1', '--output', 'cells/1.onnx']
    expect(await jsonOutput(other, { cwd })).toMatchObject({ layer: 'conv1.weight', repeat: 1, file: 'cells/1.onnx' })
    expect(existsSync(join(cwd, 'cells/1.onnx'))).toBe(true)
    expect(await output(['layers', 'cells/1.onnx'], { cwd })).toMatch(/^1: 5 layers/)
  })
})
