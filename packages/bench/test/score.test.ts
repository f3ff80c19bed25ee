import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tableNames } from '@loadbearing/dataset'
import { readTable, verifyFolder } from '@loadbearing/dataset/folder'
import { describe, expect, it } from 'vitest'
import { measure } from '../src/measure.ts'
import { loadModel } from '../src/model.ts'
import { perturbModel } from '../src/perturbed-model.ts'
import { loadPlugins } from '../src/plugins.ts'
import type { Passes } from '../src/host.ts'
import { rank } from '../src/rank.ts'
import { criteria, perturbations } from '../src/registry.generated.ts'
import type { RegisteredCriterion } from '../src/registry.ts'
import { score, type ScoredCriterion, type ScoreProgress } from '../src/score.ts'
import { measuredFolder, measureInto } from './measured-folder.ts'
import { reproducible } from './tables-of.ts'
import { temporaryFolder } from './temporary-folder.ts'

const faultyModule = join(import.meta.dirname, 'faulty-criteria.ts')
const named = (...names: string[]) => criteria.filter(({ plugin }) => names.includes(plugin.name))
const measured = measuredFolder()

/** For runs of every criterion there is: a noisy machine takes a multiple of the half minute. */
const timeout = 180_000

/** The criterion with those of the options that it has. */
function withOptions(criterion: RegisteredCriterion, given: Readonly<Record<string, number>>): ScoredCriterion {
  const { shape } = criterion.plugin.options
  return { ...criterion, options: Object.fromEntries(Object.entries(given).filter(([name]) => name in shape)) }
}

/** The passes of criteria that run side by side, and of each by itself: whose scores, errors and efforts must be the same. */
async function sharedAndSingle(chosen: readonly ScoredCriterion[]): Promise<{ shared: Passes; single: Passes[] }> {
  const [together, apart] = [measured.copy(), measured.copy()]
  const [shared, single]: [Passes[], Passes[]] = [[], []]
  await score({ out: together, criteria: chosen, onModel: (_, passes) => shared.push(passes) })
  for (const criterion of chosen) {
    await score({ out: apart, criteria: [criterion], onModel: (_, passes) => single.push(passes) })
  }
  const comparable = async (out: string) =>
    (await readTable(out, 'scores')).map(({ value, standard_error: error, reason }) => [value, error, reason])
  expect(await comparable(together)).toEqual(await comparable(apart))
  const runs = async (out: string) =>
    (await readTable(out, 'runs'))
      .filter(({ kind }) => kind === 'score')
      .map((run) => [run.criterion_id, run.examples, run.forwards, run.backwards, run.engine])
      .sort(([a], [b]) => Number(a) - Number(b))
  expect(await runs(together)).toEqual(await runs(apart))
  expect(shared).toHaveLength(1)
  return { shared: shared[0]!, single }
}

describe('scores', () => {
  it('are what the criterion says of every layer, once a model or once a level', async () => {
    const out = measured.copy()
    await score({ out, criteria: named('parameter-count', 'weight-error') })
    const layers = await readTable(out, 'layers')
    const rows = await readTable(out, 'scores')
    const [parameters, error] = ['parameter-count', 'weight-error'].map((name, id) => {
      expect(named('parameter-count', 'weight-error')[id]!.plugin.name).toBe(name)
      return rows.filter((row) => row.criterion_id === id)
    })
    expect(parameters!.map(({ value }) => value)).toEqual(layers.map((layer) => layer.parameters))
    expect(parameters!.every(({ perturbation_id: id, level }) => id === null && level === null)).toBe(true)
    expect(error).toHaveLength(2 * 5 * 5)
    // Two random draws and more have an error of their own; one deterministic draw has none.
    const stochastic = (await readTable(out, 'perturbations')).map((perturbation) => perturbation.stochastic)
    expect(stochastic.toSorted()).toEqual([false, true])
    expect(error!.map((row) => row.standard_error !== null)).toEqual(
      error!.map((row) => stochastic[row.perturbation_id!]),
    )
  })

  it(
    'and their truth and ranking are the same bytes in two runs, and are left alone when nothing is missing',
    { timeout },
    async () => {
      const [one, two] = [measured.copy(), temporaryFolder()]
      await measureInto(two)
      // Less of everything where each takes long.
      const quicker = criteria.map((its) => {
        const { needs } = its.plugin
        return needs.includes('hessian') || needs.includes('gradients')
          ? withOptions(its, { examples: 4, draws: 8, forwards: 4, iterations: 3, steps: 4, positions: 64 })
          : its
      })
      for (const out of [one, two]) {
        await score({ out, criteria: quicker })
        await rank({ out })
      }
      const tables = await reproducible(one)
      expect(Object.keys(tables)).toEqual(
        tableNames
          // Runs differ; intervals are of cells that were narrowed.
          .filter((name) => name !== 'runs' && name !== 'intervals')
          .map((name) => `${name}.arrow`)
          .sort(),
      )
      expect(await reproducible(two)).toEqual(tables)
      const again: ScoreProgress[] = []
      await score({ out: one, criteria: quicker, onlyMissing: true, onProgress: (progress) => again.push(progress) })
      expect(again).toEqual([])
    },
  )

  it(
    'of criteria side by side are those of each by itself, for as many passes as the one that asks most',
    { timeout },
    async () => {
      // Fewer images where each takes long, but for one.
      const chosen = criteria
        .filter(({ module }) => /-(activations|gradients|probes|weights)$/.test(module))
        .filter(({ plugin }) => !plugin.needs.includes('hessian'))
        .map((its) =>
          its.plugin.needs.includes('gradients') && its.plugin.name !== 'taylor'
            ? withOptions(its, { examples: 64, forwards: 8 })
            : its,
        )
      const { shared, single } = await sharedAndSingle(chosen)
      for (const kind of ['activations', 'gradients'] as const) {
        const alone = single.map((passes) => passes[kind].run)
        // The gradients that probes ask for are of perturbed weights: passes of their own.
        const [probes, predictors] = [true, false].map((isProbe) =>
          alone.filter((_, i) => chosen[i]!.plugin.needs.includes('perturbedForward') === isProbe),
        )
        expect(shared[kind].asked).toBe(alone.reduce((a, b) => a + b))
        expect(shared[kind].run).toBe(Math.max(...predictors!) + Math.max(...probes!))
        expect(predictors!.filter((run) => run > 0).length).toBeGreaterThan(3)
      }
    },
  )

  it('of the criteria that draw random signs are from the same draws, for as many products as the one that draws most', async () => {
    const names = ['hutchinson-trace', 'obd-diagonal', 'hawq-v2', 'obd-error']
    const chosen = named(...names).map((its) => withOptions(its, { examples: 4, draws: 12 }))
    const { shared, single } = await sharedAndSingle(chosen)
    const alone = single.map((passes) => passes.hessianProducts.run)
    expect(Math.min(...alone)).toBeGreaterThanOrEqual(4 * 8)
    expect(shared.hessianProducts).toEqual({ run: Math.max(...alone), asked: alone.reduce((a, b) => a + b) })
  })

  it('with other options replace what was stored, and say so in the table of criteria', async () => {
    const out = measured.copy()
    await score({ out, criteria: named('bounded-kl') })
    const before = await readTable(out, 'scores')
    await score({ out, criteria: named('bounded-kl').map((its) => ({ ...its, options: { forwards: 4 } })) })
    const after = await readTable(out, 'scores')
    expect(after).toHaveLength(before.length)
    expect(after).not.toEqual(before)
    const [row] = await readTable(out, 'criteria')
    expect(JSON.parse(row!.options)).toEqual({ forwards: 4, draws: 2 })
  })

  it('are kept up to an abort, and the rest is what is missing then', async () => {
    const out = measured.copy()
    const [controller, reason] = [new AbortController(), new Error('enough')]
    const both = { out, criteria: named('depth', 'parameter-count') }
    const stopping = score({ ...both, signal: controller.signal, onProgress: () => controller.abort(reason) })
    await expect(stopping).rejects.toBe(reason)
    const scored: string[] = []
    await score({ ...both, onlyMissing: true, onProgress: ({ criterion }) => scored.push(criterion) })
    expect(scored).toHaveLength(1)
    expect(await readTable(out, 'scores')).toHaveLength(2 * 5)
  })

  it('say what ran the network, and what it took; those of the weights alone that nothing did', async () => {
    const out = measured.copy()
    const progress: ScoreProgress[] = []
    const names = ['parameter-count', 'activation-norm', 'snip', 'bounded-kl']
    await score({ out, criteria: named(...names), onProgress: (its) => progress.push(its) })
    const rows = await readTable(out, 'scores')
    const engines = (await readTable(out, 'criteria')).map(({ criterion_id: id, name }) => {
      const own = new Set(rows.filter((row) => row.criterion_id === id).map(({ engine }) => engine))
      expect(own.size).toBe(1)
      return [name, [...own][0]]
    })
    const forward = expect.stringMatching(/^onnxruntime-node \d/) as string
    const expected = {
      'parameter-count': null,
      'activation-norm': forward,
      snip: expect.stringMatching(/^tfjs-(node|wasm) \d/) as string,
      'bounded-kl': forward,
    }
    expect(Object.fromEntries(engines)).toEqual(expected)
    expect(Object.fromEntries(progress.map(({ criterion, engine }) => [criterion, engine]))).toEqual(expected)
    const runs = (await readTable(out, 'runs')).filter(({ kind }) => kind === 'score')
    const spent = Object.fromEntries(
      runs.map((run) => [progress[runs.indexOf(run)]!.criterion, [run.engine, run.backwards]]),
    )
    expect(spent).toMatchObject({ 'parameter-count': [null, 0], 'activation-norm': [forward, 0] })
    expect(spent.snip).toEqual([expected.snip, 256])
    expect((await verifyFolder(out)).findings).toEqual([])
  })

  it('do not depend on the batch but for rounding', async () => {
    const out = measured.copy()
    const values = async (batch?: number) => {
      await score({ out, criteria: named('snip'), batch })
      return (await readTable(out, 'scores')).map(({ value }) => value!)
    }
    const [usual, small] = [await values(), await values(11)]
    expect(small.map((value, i) => Math.abs(value / usual[i]! - 1) < 1e-4)).toEqual(Array(5).fill(true))
  })

  it('of the other networks are kept when the file of one is gone', async () => {
    const [out, file] = [measured.copy(), join(temporaryFolder(), 'gone.onnx')]
    const [perturbation] = perturbations.filter(({ plugin }) => plugin.name === 'magnitude-pruning')
    const cell = { layer: 'conv1.weight', perturbation: perturbation!.plugin, intensity: 0.5, repeat: 0 }
    writeFileSync(file, perturbModel(await loadModel({ reference: 'zoo:lenet-fashion' }), cell).bytes)
    const models = [{ reference: file, data: 'zoo:fashion-mnist' }]
    await measure({
      models,
      perturbations: [perturbation!],
      out,
      precision: { kind: 'fixed', images: 100, repeats: 3 },
      threads: 1,
    })
    rmSync(file)
    await expect(score({ out, criteria: named('depth') })).rejects.toThrow(`There is no file ${file}.`)
    expect((await readTable(out, 'scores')).map(({ model_id: id }) => id)).toEqual([0, 0, 0, 0, 0])
  })

  it('of another version are replaced even where only what is missing is scored', async () => {
    const out = measured.copy()
    const [depth, count] = ['depth', 'parameter-count'].map((name) => named(name)[0]!)
    const version = depth!.plugin.version + 1
    const next = { ...depth!, plugin: { ...count!.plugin, name: 'depth', version } }
    await score({ out, criteria: named('depth', 'parameter-count') })
    const scored: string[] = []
    await score({
      out,
      criteria: [next, count!],
      onlyMissing: true,
      onProgress: ({ criterion }) => scored.push(criterion),
    })
    expect(scored).toEqual(['depth'])
    const values = (await readTable(out, 'scores')).map(({ criterion_id: id, value }) => [id, value])
    const parameters = (await readTable(out, 'layers')).map((layer) => layer.parameters)
    expect(values).toEqual([0, 1].flatMap((id) => parameters.map((value) => [id, value])))
    expect((await readTable(out, 'criteria'))[0]).toMatchObject({ name: 'depth', version })
  })

  it('of faulty plugins are their reasons; they rank last, and no other criterion is touched', async () => {
    const out = measured.copy()
    const faulty = await loadPlugins(faultyModule)
    await score({ out, criteria: [...named('depth', 'l2-norm'), ...faulty.criteria] })
    const names = (await readTable(out, 'criteria')).map(({ name }) => name)
    const of = async (name: string) =>
      (await readTable(out, 'scores'))
        .filter((row) => names[row.criterion_id] === name)
        .map(({ value, reason }) => reason ?? value)
    expect(await of('throws')).toEqual(Array(5).fill('threw: out of ink'))
    expect(await of('gives-nan')).toEqual([0, 'gave NaN', 2, 3, 4])
    expect(await of('misses-a-layer')).toEqual(['gave no score for this layer', 1, 2, 3, 4])
    expect(await of('changes-the-weights')).toEqual(
      Array(5).fill("changed the weights it was given (layer 'conv1.weight')"),
    )
    expect(await of('uses-what-it-has-not-declared')).toEqual(
      Array(5).fill("used 'labels' without declaring 'labels' in its needs"),
    )
    expect(await of('depth')).toEqual([4, 3, 2, 1, 0])

    await rank({ out })
    const rankings = await readTable(out, 'rankings')
    for (const name of [
      'throws',
      'gives-nan',
      'misses-a-layer',
      'changes-the-weights',
      'uses-what-it-has-not-declared',
    ]) {
      expect(rankings.filter(({ criterion_id: id }) => names[id] === name)).toHaveLength(4)
      for (const row of rankings.filter(({ criterion_id: id }) => names[id] === name)) {
        expect(row).toMatchObject({ spearman: 0, constant: false })
        expect(row.failed_layers).toBeGreaterThan(0)
        expect(row.reason).toBe((await of(name)).find((its) => typeof its === 'string'))
      }
    }
    for (const row of rankings.filter(({ criterion_id: id }) => names[id] === 'is-constant')) {
      expect(row).toMatchObject({ spearman: 0, constant: true, failed_layers: 0, reason: null })
    }
  })

  it.each([
    [
      'an unknown option',
      { criteria: named('bounded-kl').map((its) => ({ ...its, options: { forward: 4 } })) },
      /does not take these options/,
    ],
    [
      'an unknown model',
      { criteria: named('depth'), models: ['lenet-fashio'] },
      /no measured model called 'lenet-fashio'/,
    ],
  ])('with %s are refused', async (_, options, message) => {
    await expect(score({ out: measured.copy(), ...options })).rejects.toThrow(message)
  })

  it('need a measurement', async () => {
    await expect(score({ out: temporaryFolder(), criteria })).rejects.toMatchObject({
      code: 'dataset',
      hint: 'Measure first: npx loadbearing measure.',
    })
  })
})
