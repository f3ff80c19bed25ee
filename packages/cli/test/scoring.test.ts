import { copyFileSync, cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { expectRefusal, jsonOutput, loadbearing, output } from './command.ts'
import { temporaryFolder } from './temporary-folder.ts'

const measured = join(temporaryFolder(afterAll), 'measured')

beforeAll(async () => {
  const cwd = join(measured, '..')
  const chosen = ['--perturbation', 'bit-flip,gaussian-noise', '--images', '60', '--repeats', '2', '--threads', '1']
  await output(['measure', 'zoo:lenet-fashion', ...chosen, '--out', 'measured'], { cwd })
  await output(
    ['score', '--criterion', 'depth,l2-norm,bounded-kl', '--option', 'bounded-kl.forwards=4', '--out', 'measured'],
    { cwd },
  )
}, 120_000)

/** A folder with a copy of the measured and scored dataset where the command looks for it. */
function withDataset(): string {
  const folder = temporaryFolder()
  cpSync(measured, join(folder, 'loadbearing-dataset'), { recursive: true })
  return folder
}

const row = z.object({
  criterion: z.string(),
  engines: z.array(z.string()),
  share: z.number().nullable(),
  failures: z.number(),
  tasks: z.number(),
})
const results = z.object({
  scores: z.array(z.object({ engine: z.string().nullable(), peakMemory: z.number().nullable() })),
  passes: z.array(
    z.object({ model: z.string(), passes: z.record(z.string(), z.object({ run: z.number(), asked: z.number() })) }),
  ),
})
const ranking = z.object({
  truth: z.enum(['accuracy-drop', 'bounded-kl']),
  tasks: z.array(
    z.object({ model: z.string(), perturbation: z.string(), counts: z.boolean(), reason: z.string().nullable() }),
  ),
  predictors: z.array(row),
  probes: z.array(row),
  sizeEffects: z.array(
    z.object({
      criterion: z.string(),
      model: z.string(),
      perturbation: z.string().nullable(),
      layers: z.number(),
      constant: z.boolean(),
      parameters: z.number().nullable(),
      macs: z.number().nullable(),
      depth: z.number().nullable(),
    }),
  ),
})

describe('score --plugin, then rank', () => {
  it('places the criterion that CONTRIBUTING.md shows, after a word of warning', async () => {
    const cwd = withDataset()
    const guide = readFileSync(join(import.meta.dirname, '../../../CONTRIBUTING.md'), 'utf8')
    const [, source = ''] = /^```ts\n([^]*?)^```$/m.exec(guide) ?? []
    writeFileSync(join(cwd, 'mine.ts'), source)

    const { code, stdout, stderr } = await loadbearing(['score', '--plugin', './mine.ts', 'zoo:lenet-fashion'], { cwd })
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/^Running the code of \.\/mine\.ts: load only plugins that you trust\.\n/)
    expect(stdout).toMatch(/\n +weight-range +1 +5 +0 +0 +[\d.]+ s +[\d.]+ MB\n\nnpx loadbearing rank places them/)

    const table = await output(['rank'], { cwd })
    expect(table).toMatch(/Predictors: [^]*\n +\d {2}weight-range [^]*Probes: [^]*\n +1 {2}bounded-kl/)
    expect(table).toMatch(/Close to the size of the layers\n[^]*\n {2}depth +\S+ +\S+ +−1\.00\n/)
    const { predictors, probes, sizeEffects } = ranking.parse(await jsonOutput(['rank'], { cwd }))
    expect(sizeEffects.find(({ criterion }) => criterion === 'depth')).toMatchObject({
      model: 'lenet-fashion',
      perturbation: null,
      layers: 5,
      constant: false,
      depth: -1,
    })
    expect(predictors.map(({ criterion }) => criterion).sort()).toEqual(['depth', 'l2-norm', 'weight-range'])
    expect(probes.map(({ criterion }) => criterion)).toEqual(['bounded-kl'])
    expect(predictors.flatMap(({ engines }) => engines)).toEqual([])
    expect(probes[0]!.engines).toEqual([expect.stringMatching(/^onnxruntime-node \d/)])
  })

  it('gives an engine as many images at once as --batch says, and names it', async () => {
    const cwd = withDataset()
    const score = ['score', '--criterion', 'snip', '--option', 'snip.examples=20']
    expect(await output([...score, '--batch', '7'], { cwd })).toMatch(
      / snip +1 +5 +0 +0 +[\d.]+ s +[\d.]+ MB +tfjs-(node|wasm) \d/,
    )
    const { scores } = results.parse(await jsonOutput(score, { cwd }))
    expect(scores[0]!.engine).toMatch(/^tfjs-(node|wasm) \d/)
  })

  it('runs one pass of activations and one of gradients for all criteria that need them, and counts the passes', async () => {
    const cwd = withDataset()
    const score = ['score', '--criterion', 'activation-norm,apoz,activation-range,snip,taylor,gradient-norm']
    expect(await output(score, { cwd })).toMatch(
      /\nCriteria share passes: [\d,]+ images went through a network where [\d,]+ were asked for\./,
    )
    const { passes } = results.parse(await jsonOutput(score, { cwd }))
    expect(passes).toHaveLength(1)
    // Activations on all 1,024 calibration images for one, on the first 256 for the two others.
    expect(passes[0]!.passes).toMatchObject({
      activations: { run: 1024, asked: 1024 + 2 * 256 },
      gradients: { run: 256, asked: 3 * 256 },
    })
  })

  it('gives a criterion of someone else gradients and Hessian products', async () => {
    const cwd = withDataset()
    copyFileSync(join(import.meta.dirname, 'plugins/curvature-along-gradient.ts'), join(cwd, 'mine.ts'))
    expect(await output(['score', '--plugin', './mine.ts'], { cwd })).toMatch(
      / curvature-along-gradient +1 +5 +0 +0 +[\d.]+ s +[\d.]+ MB +tfjs-(node|wasm) \d/,
    )
  })

  it('says what each takes of memory by itself, unless that is left out', async () => {
    const cwd = withDataset()
    const score = ['score', '--criterion', 'snip,depth']
    const { scores } = results.parse(await jsonOutput(score, { cwd }))
    const [some, almostNone] = scores
      .toSorted((a, b) => b.peakMemory! - a.peakMemory!)
      .map(({ engine, peakMemory }) => [engine?.slice(0, 4) ?? null, peakMemory! / 1e6] as const)
    expect(some![0]).toBe('tfjs')
    expect(some![1]).toBeGreaterThan(20)
    expect(almostNone![0]).toBeNull()
    expect(almostNone![1]).toBeLessThan(20)
    expect(await output([...score, '--no-memory'], { cwd })).toMatch(/ depth +1 +5 +0 +0 +[\d.]+ s +–/)
  })

  it('gives a faulty criterion a row with its reason, counts it on the table, and goes on', async () => {
    const cwd = withDataset()
    copyFileSync(join(import.meta.dirname, 'plugins/faulty.ts'), join(cwd, 'faulty.ts'))
    const { code, stdout, stderr } = await loadbearing(['score', '--plugin', './faulty.ts'], { cwd })
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/throws failed on 5 layers of lenet-fashion: .*out of ink/)
    expect(stderr).toMatch(/gives-nan failed on \d layers? of lenet-fashion: .+/)
    expect(stderr).toMatch(/misses-a-layer failed on \d layers? of lenet-fashion: .+/)
    expect(stderr).toMatch(/changes-the-weights failed on \d layers? of lenet-fashion: .+/)
    expect(stdout).toMatch(/throws +1 +0 +5 /)
    const { predictors, tasks } = ranking.parse(await jsonOutput(['rank'], { cwd }))
    const counting = tasks.filter(({ counts }) => counts).length
    for (const name of ['throws', 'gives-nan', 'misses-a-layer', 'changes-the-weights']) {
      expect(predictors.find(({ criterion }) => criterion === name)).toMatchObject({ failures: counting })
    }
  })

  it.each([
    [
      'a module with a syntax error',
      'export default 3 +',
      'input',
      /The plugin \.\/mine\.ts cannot be loaded: .+/,
      /Mend the file.*/,
    ],
    [
      'a module that throws',
      "throw new Error('no')",
      'input',
      'The plugin ./mine.ts cannot be loaded: no.',
      /Mend the file.*/,
    ],
    [
      'a module without plugins',
      'export default 3',
      'input',
      './mine.ts exports no plugin.',
      /Export what defineCriterion .*/,
    ],
    [
      'a module with perturbations alone',
      `export default { name: 'a', version: 1, summary: 'A.', reference: { title: '', url: '' }, family: 'noise', target: 'weights',
        unit: '', intensities: [1], stochastic: false, apply: (weight) => weight }`,
      'input',
      './mine.ts exports no criterion.',
      /.*loadbearing measure --plugin\./,
    ],
    [
      'a criterion without needs',
      'export const a = { name: "a", version: 1, score() {} }',
      'plugin',
      /\.\/mine\.ts: the plugin 'a' has a wrong '.+/,
      /Declare it .*/,
    ],
  ])('refuses %s', async (_what, source, code, sentence, hint) => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'mine.ts'), source)
    await expectRefusal(['score', '--plugin', './mine.ts'], { code, sentence, hint }, { cwd })
  })

  it.each([
    [
      'a plugin that is not there',
      ['--plugin', './none.ts'],
      /The plugin \.\/none\.ts cannot be loaded: .*/,
      /Name a path .*/,
    ],
    ['an unknown criterion', ['--criterion', 'dept'], "There is no criterion called 'dept'.", "Did you mean 'depth'?"],
    [
      'an option that is none',
      ['--option', 'depth'],
      "'depth' is no option of a criterion.",
      /Write criterion\.option=value.*/,
    ],
    [
      'a model that was not measured',
      ['zoo:lenet-fashio'],
      "There is no measured model called 'lenet-fashio'.",
      "Did you mean 'lenet-fashion'?",
    ],
  ])('refuses %s', async (_what, parameters, sentence, hint) => {
    await expectRefusal(['score', ...parameters], { code: 'input', sentence, hint }, { cwd: withDataset() })
  })
})

describe('rank', () => {
  it('ranks on chosen tasks, truth and metric', async () => {
    const cwd = withDataset()
    const choice = ['--perturbation', 'bit-flip', '--model', 'zoo:lenet-fashion', '--intensity', '0.06']
    const { truth, tasks } = ranking.parse(await jsonOutput(['rank', ...choice, '--truth', 'bounded-kl'], { cwd }))
    expect(truth).toBe('bounded-kl')
    expect(tasks.map(({ model, perturbation }) => [model, perturbation])).toEqual([['lenet-fashion', 'bit-flip']])
    expect(await output(['rank', ...choice, '--metric', 'regret'], { cwd })).toMatch(/ 1 {2}\S+ .*\n.* 2 {2}\S+ /)
  })

  it.each([
    [
      'an unknown perturbation',
      ['--perturbation', 'bit-flips'],
      "There is no measured perturbation called 'bit-flips'.",
      "Did you mean 'bit-flip'?",
    ],
    [
      'an intensity off the grid',
      ['--perturbation', 'bit-flip', '--intensity', '0.5'],
      'bit-flip was not measured at the intensity 0.5.',
      /Its grid .*/,
    ],
  ])('refuses %s', async (_what, parameters, sentence, hint) => {
    await expectRefusal(['rank', ...parameters], { code: 'input', sentence, hint }, { cwd: withDataset() })
  })

  it.each([
    ['is cut off', (file: string) => truncateSync(file, 2000), / is cut off\./],
    ['is no Arrow file', (file: string) => writeFileSync(file, 'cell,correct\n0,17\n'), / is not an Arrow file\./],
    [
      'is another table',
      (file: string) => {
        copyFileSync(file.replace('sensitivity', 'models'), file)
        rmSync(file.replace('sensitivity.arrow', 'SHA256SUMS'))
      },
      / is not the table 'sensitivity': .*/,
    ],
    [
      'has changed',
      (file: string) => copyFileSync(file.replace('sensitivity', 'models'), file),
      / differs from its checksum in SHA256SUMS\./,
    ],
  ])('names a file that %s', async (_what, damage, complaint) => {
    const cwd = withDataset()
    damage(join(cwd, 'loadbearing-dataset/sensitivity.arrow'))
    const sentence = new RegExp(`loadbearing-dataset/sensitivity\\.arrow${complaint.source}`)
    await expectRefusal(['rank'], { code: 'dataset', sentence, hint: /.*easure again.*/ }, { cwd })
  })

  it('sends a folder without measurements, or without scores, to the command that makes them', async () => {
    const cwd = temporaryFolder()
    await expectRefusal(
      ['rank'],
      { code: 'dataset', sentence: 'loadbearing-dataset holds no scores to rank.', hint: /Score first: .*/ },
      { cwd },
    )
    await expectRefusal(
      ['score'],
      { code: 'dataset', sentence: 'loadbearing-dataset holds no ground truth yet.', hint: /Measure first: .*/ },
      { cwd },
    )
  })
})
