import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { type Capabilities, defineCriterion } from '@loadbearing/core'
import { readTable } from '@loadbearing/dataset/folder'
import { openNetwork } from '@loadbearing/onnx'
import { readImages } from '@loadbearing/zoo'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { reproducible } from '../test/tables-of.ts'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { openHost } from './host.ts'
import { measure } from './measure.ts'
import { loadModel, preprocess } from './model.ts'
import { findPerturbation, loadPlugins } from './plugins.ts'
import { rank } from './rank.ts'
import { criteria, perturbations } from './registry.generated.ts'
import { score, type ScoreProgress } from './score.ts'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'

const lenet = { reference: 'zoo:lenet-fashion' }
const faultyModule = join(import.meta.dirname, '../test/faulty-criteria.ts')
const named = (...names: string[]) => criteria.filter(({ plugin }) => names.includes(plugin.name))

let measured: string
beforeAll(async () => {
  measured = mkdtempSync(join(tmpdir(), 'loadbearing-'))
  await measure({
    models: [lenet],
    perturbations: perturbations.filter(({ plugin }) => ['magnitude-pruning', 'bit-flip'].includes(plugin.name)),
    out: measured,
    images: 100,
    repeats: 3,
    threads: 1,
  })
  return () => cpSync(measured, measured, { recursive: true })
})

const measuredCopy = (): string => {
  const folder = temporaryFolder()
  cpSync(measured, folder, { recursive: true })
  return folder
}

describe('scores', () => {
  it('are what the criterion says of every layer, once a model or once a level', async () => {
    const out = measuredCopy()
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
    expect(error!.map((row) => row.standard_error !== null)).toEqual(error!.map((row) => row.perturbation_id === 1))
  })

  it('are the same bytes in two runs, and are left alone when nothing is missing', async () => {
    const [one, two] = [measuredCopy(), measuredCopy()]
    await score({ out: one, criteria })
    await score({ out: two, criteria })
    expect(await reproducible(two)).toEqual(await reproducible(one))
    const again: ScoreProgress[] = []
    await score({ out: one, criteria, onlyMissing: true, onProgress: (progress) => again.push(progress) })
    expect(again).toEqual([])
  })

  it('with other options replace what was stored, and say so in the table of criteria', async () => {
    const out = measuredCopy()
    await score({ out, criteria: named('bounded-kl') })
    const before = await readTable(out, 'scores')
    await score({ out, criteria: named('bounded-kl').map((its) => ({ ...its, options: { forwards: 4 } })) })
    const after = await readTable(out, 'scores')
    expect(after).toHaveLength(before.length)
    expect(after).not.toEqual(before)
    const [row] = await readTable(out, 'criteria')
    expect(JSON.parse(row!.options)).toEqual({ forwards: 4, draws: 2 })
  })

  it('of faulty plugins are their reasons; they rank last, and no other criterion is touched', async () => {
    const out = measuredCopy()
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
    expect(await of('depth')).toEqual([4, 3, 2, 1, 0])

    await rank({ out })
    const rankings = await readTable(out, 'rankings')
    for (const name of ['throws', 'gives-nan', 'misses-a-layer', 'changes-the-weights']) {
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
    await expect(score({ out: measuredCopy(), ...options })).rejects.toThrow(message)
  })

  it('need a measurement', async () => {
    await expect(score({ out: temporaryFolder(), criteria })).rejects.toMatchObject({
      code: 'dataset',
      hint: 'Measure first: npx loadbearing measure.',
    })
  })
})

describe('what a criterion is given', async () => {
  const model = await loadModel(lenet)
  const calibration = await readImages(model.data, 'calibration')
  const perturbation = await findPerturbation('bit-flip')
  const level = { perturbation, intensity: 0.03 }

  const given = async <T>(
    work: (
      context: ReturnType<Awaited<ReturnType<typeof openHost>>['context']>,
      host: Awaited<ReturnType<typeof openHost>>,
    ) => Promise<T>,
  ) => {
    const host = await openHost(model)
    try {
      return await work(host.context(['test'], level), host)
    } finally {
      await host.release()
    }
  }

  it('is calibration images: their activations, labels and logits, in one order', async () => {
    await given(async ({ activations, labels, logits, examples }, host) => {
      expect(examples).toBe(calibration.count)
      expect([...labels!.labels].sort()).toEqual([...calibration.labels].sort())
      const key = (pixels: ArrayLike<number>): string => Array.from(pixels, (x) => Math.round(x * 255)).join()
      const known = new Map(
        Array.from({ length: calibration.count }, (_, i) => [
          key(preprocess(calibration, [i], { scale: 255, mean: [0], std: [1] }).data),
          calibration.labels[i],
        ]),
      )
      const { scale, mean, std } = model.preprocessing
      let row = 0
      for await (const batch of activations!.activations()) {
        const { shape, data } = batch.get('conv1.weight')!.input
        const raw = data.map((x) => ((x * std[0]! + mean[0]!) * scale) / 255)
        for (let i = 0; i < shape[0]!; i++, row++) {
          expect(known.get(key(raw.subarray(i * 784, (i + 1) * 784)))).toBe(labels!.labels[row])
        }
      }
      expect(row).toBe(calibration.count)
      expect(host.forwards()).toBe(calibration.count)
      expect((await logits!.logits(7)).shape).toEqual([7, 10])
      expect(host).toMatchObject({})
      expect(host.forwards()).toBe(calibration.count + 7)
    })
  })

  it("is draws of its own, never the truth's", async () => {
    await given(async ({ layers, perturbation: offered }) => {
      const truth = new Set((await readTable(measured, 'sensitivity')).map((row) => row.weight_sha256))
      const { weightDigest } = await import('./measure-unit.ts')
      const own = layers.flatMap((layer) => [0, 1, 2].map((draw) => weightDigest(offered!.perturbed(layer, draw))))
      expect(new Set(own).size).toBe(own.length)
      expect(own.filter((digest) => truth.has(digest))).toEqual([])
    })
  })

  it('is forwards that run the whole network with the weight in its place, and are counted', async () => {
    await given(async ({ layers, perturbation: offered, perturbedForward, activations }, host) => {
      const layer = layers[1]!
      const weight = offered!.perturbed(layer, 0)
      const logits = await perturbedForward!.perturbedForward(layer, weight, 20)
      const counted = host.forwards()
      await perturbedForward!.perturbedForward(layer, weight, 20)
      expect(host.forwards() - counted).toBe(20)

      const network = await openNetwork(model.onnx, model.onnx.encodeWith(new Map([[layer.name, weight]])))
      const [first] = await Array.fromAsync(activations!.activations())
      const { data } = first!.get('conv1.weight')!.input
      const whole = await network.run({ shape: [20, 1, 28, 28], data: data.slice(0, 20 * 784) })
      await network.release()
      whole.data.forEach((logit, i) => expect(logits.data[i]).toBeCloseTo(logit, 4))
    })
  })

  it('is what it declared, checked as it is written', () => {
    defineCriterion({
      ...about,
      needs: ['weights'],
      // @ts-expect-error labels were not declared
      score: ({ labels }: Capabilities['weights']) => labels,
    })
  })
})

const about = {
  name: 'undeclared',
  version: 1,
  summary: 'Uses what it has not declared.',
  reference: { title: 'none', url: 'https://example.org' },
  options: z.object({}),
}
