import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { predictedClasses } from '@loadbearing/core'
import { readOutcomes, readTable } from '@loadbearing/dataset/folder'
import { openNetwork } from '@loadbearing/onnx'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reproducible } from './tables-of.ts'
import { small } from './small-measurement.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { withFolderLock } from '../src/folder-lock.ts'
import { measure, type MeasureProgress } from '../src/measure.ts'
import { merge } from '../src/merge.ts'
import { loadModel, preprocess } from '../src/model.ts'
import { perturbModel } from '../src/perturbed-model.ts'
import { findPerturbation, loadPlugins } from '../src/plugins.ts'
import { rank } from '../src/rank.ts'
import { criteria, perturbations } from '../src/registry.generated.ts'
import { score } from '../src/score.ts'
import { stratifiedOrder } from '../src/seeds.ts'

const lenet = { reference: 'zoo:lenet-fashion' }
const childScript = join(import.meta.dirname, 'measure-in-child.ts')
const nodeOptions = ['--conditions=@loadbearing/source', childScript]
const sixty = { kind: 'fixed', images: 60, repeats: 2 } as const
const named = (...names: string[]) => perturbations.filter(({ plugin }) => names.includes(plugin.name))

const unitFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.unit'))

const inChild = (...args: string[]) => promisify(execFile)(process.execPath, [...nodeOptions, ...args])

/** What the small measurement comes to when nothing disturbs it. */
let undisturbed: string
let expected: Record<string, string>
beforeAll(async () => {
  undisturbed = mkdtempSync(join(tmpdir(), 'loadbearing-'))
  await measure(small(undisturbed))
  expected = await reproducible(undisturbed)
})
afterAll(() => rmSync(undisturbed, { recursive: true }))

const measuredCopy = (): string => {
  const folder = temporaryFolder()
  cpSync(undisturbed, folder, { recursive: true })
  return folder
}

describe('a measurement', () => {
  it('counts what the perturbed network itself gets right', async () => {
    const out = measuredCopy()
    const rows = await readTable(out, 'sensitivity')
    const perturbed = await readTable(out, 'perturbations')
    const outcomes = await readOutcomes(out)
    // 5 layers × 5 levels, one draw of the deterministic and two of the stochastic perturbation.
    expect(rows).toHaveLength(5 * 5 * (1 + 2))
    expect(outcomes.correct).toHaveLength(rows.length * 60)

    const model = await loadModel(lenet)
    const images = await model.images('test')
    const indices = stratifiedOrder(images.labels, model.data).slice(0, 60)
    const inputs = await preprocess(images, indices, model.preprocessing)
    for (const row of [rows[3]!, rows[8]!, rows.at(-1)!]) {
      const perturbation = await findPerturbation(perturbed[row.perturbation_id]!.name)
      const { intensity, repeat } = row
      const layer = model.onnx.layers[row.layer_id]!.name
      const { bytes, weightSha256 } = perturbModel(model, { layer, perturbation, intensity, repeat })
      const network = await openNetwork(model.onnx, bytes)
      const right = Array.from(predictedClasses(await network.run(inputs)), (predicted, i) =>
        Number(predicted === images.labels[indices[i]!]),
      )
      await network.release()
      expect(row.weight_sha256).toBe(weightSha256)
      expect([...outcomes.correct.subarray(row.outcome_offset!, row.outcome_offset! + 60)]).toEqual(right)
      expect(row.correct).toBe(right.reduce((a, b) => a + b, 0))
    }
  })

  it('gives the same bytes whatever the number of threads, and when it grows in two steps', async () => {
    const [two, steps] = [temporaryFolder(), temporaryFolder()]
    await measure(small(two, { threads: 2 }))
    await measure(small(steps, { perturbations: named('bit-flip') }))
    await measure(small(steps))
    expect(await reproducible(two)).toEqual(expected)
    expect(await reproducible(steps)).toEqual(expected)
    // What it cost is not the same bytes, but the same work: a row each step.
    const forwards = async (folder: string) => (await readTable(folder, 'runs')).map((run) => run.forwards)
    const [all] = await forwards(two)
    expect(await forwards(steps)).toEqual([(2 * all!) / 3, all! / 3])
  })

  it('goes on where SIGKILL stopped it, and comes to the same bytes', async () => {
    const killed = temporaryFolder()
    await expect(inChild(killed, '--die-after', '10')).rejects.toMatchObject({ signal: 'SIGKILL' })
    expect(readdirSync(killed).filter((file) => file.endsWith('.arrow'))).toEqual([])
    const kept = unitFiles(killed).length
    expect(kept).toBeGreaterThanOrEqual(10)
    expect(kept).toBeLessThan(unitFiles(undisturbed).length)
    writeFileSync(join(killed, `${unitFiles(killed)[0]!}.ae6f5d30-95a6-43ca-8b4f-d92dc1b6ba22.tmp`), 'begun')
    await measure(small(killed))
    const files = (folder: string) => readdirSync(join(folder, '.measure'), { recursive: true }).sort()
    expect(files(killed)).toEqual(files(undisturbed))
    expect(await reproducible(killed)).toEqual(expected)
  })

  it('stops at an abort with its reason, keeps what is finished, and goes on', async () => {
    const out = temporaryFolder()
    const controller = new AbortController()
    const reason = new Error('enough')
    const stopping = measure(
      small(out, {
        signal: controller.signal,
        onProgress: (progress) => {
          if (progress.kind === 'unit' && progress.finished === 4) controller.abort(reason)
        },
      }),
    )
    await expect(stopping).rejects.toBe(reason)
    expect(unitFiles(out).length).toBeGreaterThanOrEqual(4)

    const plans: MeasureProgress[] = []
    await measure(small(out, { onProgress: (progress) => plans.push(progress) }))
    expect(plans[0]).toMatchObject({ kind: 'plan', units: 30 })
    expect(plans[0]).toHaveProperty(
      'finished',
      expect.toSatisfy((finished: number) => finished >= 4),
    )
    expect(await reproducible(out)).toEqual(expected)
  })

  it.each([
    // A limit on the size of files fails a write as a full disk does, in the middle: 2 kB hold the plan and pieces of pruning, not of flips.
    [
      'for a piece',
      2,
      /\.unit could not be written: the disk is full\. Free some space/,
      ({ length }: unknown[]) => length < 30,
    ],
    // 16 kB hold every other table; the outcomes are written in parts.
    [
      'for a table',
      16,
      /outcomes\.arrow could not be written: the disk is full\. Free some space/,
      ({ length }: unknown[]) => length === 30,
    ],
  ])(
    'on a disk that is too full %s says so, leaves nothing half-written, and goes on',
    async (_, kilobytes, words, fits) => {
      const out = temporaryFolder()
      const starved = promisify(execFile)('bash', [
        '-c',
        `ulimit -f ${kilobytes}; exec "$@"`,
        'bash',
        process.execPath,
        ...nodeOptions,
        out,
      ])
      await expect(starved).rejects.toMatchObject({ stderr: expect.stringMatching(words) as string })
      expect(unitFiles(out)).toSatisfy(fits)
      const others = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((file) =>
        /\.(arrow|tmp)$/.test(file),
      )
      expect(others).toEqual([])
      await measure(small(out))
      expect(await reproducible(out)).toEqual(expected)
    },
  )

  it('says which piece is damaged, and measures it again when it is deleted', async () => {
    const out = measuredCopy()
    const file = join(out, unitFiles(out)[0]!)
    writeFileSync(file, readFileSync(file).subarray(0, 20))
    await expect(measure(small(out))).rejects.toMatchObject({
      code: 'dataset',
      message: expect.stringContaining(file) as string,
    })
    rmSync(file)
    await measure(small(out))
    expect(await reproducible(out)).toEqual(expected)
  })

  it('refuses to mix the draws of a perturbation whose code changed and whose version did not', async () => {
    const [out, plugins] = [temporaryFolder(), temporaryFolder()]
    const module = join(plugins, 'scaling.mjs')
    const scaling = (factor: number, version: number): void =>
      writeFileSync(
        module,
        `export default {
          name: 'scaling', family: 'noise', version: ${version}, summary: 'Scales.', target: 'weights', unit: 'factor',
          reference: { title: 'none', url: 'https://example.org' }, intensities: [2], stochastic: false,
          apply: ({ shape, data }, intensity) => ({ shape, data: data.map((w) => ${factor} * intensity * w) }),
        }`,
      )
    scaling(1, 1)
    await inChild(out, '--plugin', module)
    const before = await reproducible(out)
    await inChild(out, '--plugin', module)
    scaling(3, 1)
    await expect(inChild(out, '--plugin', module)).rejects.toMatchObject({
      stderr: expect.stringMatching(/scaling gives other weights .* its version did not.*--out/) as string,
    })
    scaling(3, 2)
    await expect(inChild(out, '--plugin', module)).rejects.toMatchObject({
      stderr: expect.stringContaining('with version 1 of scaling') as string,
    })
    expect(await reproducible(out)).toEqual(before)
  })

  it('keeps the reason of every cell that a perturbation breaks, and measures the others', async () => {
    const out = temporaryFolder()
    const module = join(import.meta.dirname, 'faulty-perturbations.ts')
    await measure(small(out, { perturbations: (await loadPlugins(module)).perturbations }))
    const names = (await readTable(out, 'perturbations')).map(({ name }) => name)
    const reasons = (await readTable(out, 'sensitivity'))
      .filter(({ layer_id: layer }) => layer === 0)
      .map(({ perturbation_id: id, reason, correct }) => [names[id], reason, correct === null])
    const at = "(layer 'conv1.weight', intensity 1)."
    expect(reasons).toEqual([
      ['throws', `Perturbation 'throws' threw: out of paper ${at}`, true],
      ['gives-nan', `Perturbation 'gives-nan' returned NaN or an infinite value ${at}`, true],
      ['changes-its-input', `Perturbation 'changes-its-input' changed the weights it was given ${at}`, true],
      ['loses-a-value', `Perturbation 'loses-a-value' returned shape [399] for [16, 1, 5, 5] ${at}`, true],
      ['doubles', null, false],
    ])
  })

  it('warns of a network that is near chance without any perturbation', async () => {
    const messages: string[] = []
    await measure(
      small(temporaryFolder(), {
        models: [{ ...lenet, preprocessing: { scale: 1e6, mean: [0], std: [1] } }],
        perturbations: named('magnitude-pruning'),
        onProgress: (progress) => progress.kind === 'warning' && messages.push(progress.message),
      }),
    )
    expect(messages).toEqual([
      expect.stringMatching(
        /^lenet-fashion is right on only \d+\.\d % of 200 calibration images, preprocessed by --scale 1000000/,
      ),
    ])
  })
})

describe('a model whose file is gone', () => {
  it('does not stop the measurement of others, and keeps its place in the tables', async () => {
    const [out, expectedOut, files] = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
    const [first, second] = [join(files, 'first.onnx'), join(files, 'second.onnx')]
    writeFileSync(first, (await loadModel(lenet)).bytes)
    writeFileSync(second, (await loadModel({ reference: 'zoo:resnet8-fashion' })).bytes)
    const into = (folder: string, reference: string, onProgress?: (progress: MeasureProgress) => void) =>
      measure(
        small(folder, {
          models: [{ reference, data: 'zoo:fashion-mnist' }],
          perturbations: named('magnitude-pruning'),
          ...(onProgress && { onProgress }),
        }),
      )
    for (const file of [first, second]) await into(expectedOut, file)

    await into(out, first)
    rmSync(first)
    const warnings: string[] = []
    await into(out, second, (progress) => {
      if (progress.kind === 'warning' && progress.message.startsWith('first')) warnings.push(progress.message)
    })
    expect(warnings).toEqual([
      `first, which is measured into ${out} too, cannot be read: There is no file ${first}. What was measured of it stays as it is.`,
    ])
    expect(await reproducible(out)).toEqual(await reproducible(expectedOut))

    // Something is left to measure of it: its file is missed, and taken from where it was moved to.
    const { sha256 } = (await loadModel(lenet)).onnx
    rmSync(
      join(
        out,
        unitFiles(out).find((file) => file.includes(sha256.slice(0, 12)))!,
      ),
    )
    await expect(into(out, second)).rejects.toMatchObject({
      code: 'input',
      message: `first, which is measured into ${out} too, cannot be read: There is no file ${first}.`,
      hint: expect.stringContaining('Restore it') as string,
    })
    const moved = join(temporaryFolder(), 'first.onnx')
    writeFileSync(moved, (await loadModel(lenet)).bytes)
    await into(out, moved)
    expect(await reproducible(out)).toEqual(await reproducible(expectedOut))
  })

  it('is not missed where its shards are merged', async () => {
    const [single, out, reference] = [temporaryFolder(), temporaryFolder(), join(temporaryFolder(), 'lenet.onnx')]
    writeFileSync(reference, (await loadModel(lenet)).bytes)
    const its = { models: [{ reference, data: 'zoo:fashion-mnist' }], perturbations: named('magnitude-pruning') }
    await measure(small(single, its))
    const shards = [temporaryFolder(), temporaryFolder()]
    for (const [i, folder] of shards.entries()) {
      await measure(small(folder, { ...its, shard: { index: i + 1, count: 2 } }))
    }
    rmSync(reference)
    expect(await merge({ shards, out })).toEqual({ kind: 'dataset' })
    expect(await reproducible(out)).toEqual(await reproducible(single))
  })
})

describe('a folder that somebody writes to', () => {
  const lock = (folder: string): string => join(folder, '.measure/lock')

  it('is closed to a second measurement, to scores and to rankings, and open again when that is done', async () => {
    const out = measuredCopy()
    await score({ out, criteria: criteria.filter(({ plugin }) => plugin.name === 'depth') })
    const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' })
    writeFileSync(lock(out), `${hostname()} ${child.pid}`)
    const refused = { code: 'input', message: `Another process (${hostname()} ${child.pid}) is writing to ${out}.` }
    await expect(measure(small(out))).rejects.toMatchObject(refused)
    await expect(score({ out, criteria })).rejects.toMatchObject(refused)
    await expect(rank({ out })).rejects.toMatchObject({
      ...refused,
      hint: expect.stringContaining(lock(out)) as string,
    })
    // Who only looks is not kept out.
    await rank({ out, models: ['lenet-fashion'] })

    child.kill('SIGKILL')
    await once(child, 'exit')
    await measure(small(out))
    await rank({ out })
    expect(existsSync(lock(out))).toBe(false)
  })

  it('is written to by one of two measurements that begin together', async () => {
    const both = temporaryFolder()
    const outcomes = await Promise.allSettled([measure(small(both)), measure(small(both))])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await reproducible(both)).toEqual(expected)
  })

  it('and whose writer was killed goes to one of those that come at the same time', async () => {
    const out = measuredCopy()
    const dead = spawn(process.execPath, ['-e', ''])
    await once(dead, 'exit')
    writeFileSync(lock(out), `${hostname()} ${dead.pid}`)
    let letGo = (): void => undefined
    const othersCame = new Promise<void>((resolve) => (letGo = resolve))
    const refused: unknown[] = []
    const come = (): Promise<void> =>
      withFolderLock(out, () => othersCame).catch((error: unknown) => {
        if (refused.push(error) === 2) letGo()
      })
    await Promise.all([come(), come(), come()])
    expect(refused).toMatchObject([{ code: 'input' }, { code: 'input' }])
    expect(readdirSync(join(out, '.measure')).sort()).toEqual(['models', 'plan.json', 'units'])
  })

  it('on another machine is not taken over', async () => {
    const out = measuredCopy()
    writeFileSync(lock(out), 'elsewhere 1')
    await expect(measure(small(out))).rejects.toThrow('Another process (elsewhere 1)')
  })
})

describe('a measurement that cannot be', () => {
  it.each([
    [
      'more images than there are',
      { precision: { ...sixty, images: 10_001 } },
      /10001 images .* has 10000 test images/,
    ],
    ['an unknown network', { models: [{ reference: 'zoo:lenet' }] }, /no network in the zoo called 'lenet'/],
    ['a missing file', { models: [{ reference: 'nothing.onnx', data: 'zoo:fashion-mnist' }] }, /no file nothing\.onnx/],
    ['data that is no name', { models: [{ ...lenet, data: './photos' }] }, /The images \.\/photos cannot be read: /],
    ['unknown data', { models: [{ ...lenet, data: 'zoo:fashion' }] }, /no data in the zoo called 'fashion'/],
    [
      'a mean for each of three channels',
      { models: [{ ...lenet, preprocessing: { scale: 255, mean: [0, 0, 0], std: [1, 1, 1] } }] },
      /3 means and 3 deviations for 1 channel/,
    ],
    [
      'two models of one name',
      { models: [lenet, { ...lenet, data: 'zoo:fashion-mnist' }] },
      /Two models are called 'lenet-fashion'/,
    ],
  ])('%s is refused', async (_, options, message) => {
    await expect(measure(small(temporaryFolder(), options))).rejects.toThrow(message)
  })

  it('of a copy of a measured network under another name is refused', async () => {
    const [out, copy] = [measuredCopy(), join(temporaryFolder(), 'copy.onnx')]
    writeFileSync(copy, (await loadModel(lenet)).bytes)
    const models = [{ reference: copy, data: 'zoo:fashion-mnist' }]
    await expect(measure(small(out, { models }))).rejects.toMatchObject({
      message: 'copy is the same file as lenet-fashion.',
      hint: expect.stringContaining('--out') as string,
    })
  })

  it('with more repeats than a table can number is refused', async () => {
    const precision = { ...sixty, repeats: 256 }
    await expect(measure(small(temporaryFolder(), { precision }))).rejects.toThrow('256 repeats were asked for')
  })

  it.each([
    ['other images', { precision: { ...sixty, images: 50 } }, /measured on 60 images with 2 repeats, not on 50 images/],
    ['other repeats', { precision: { ...sixty, repeats: 3 } }, /with 2 repeats, not on 60 images with 3 repeats/],
    [
      'other preprocessing',
      { models: [{ ...lenet, preprocessing: { scale: 255, mean: [0], std: [1] } }] },
      /measured on other images of lenet-fashion, or with other preprocessing/,
    ],
    [
      'another grid',
      { perturbations: named('bit-flip').map((its) => ({ ...its, plugin: { ...its.plugin, intensities: [0.5] } })) },
      /measured at the intensities 0\.01, 0\.03, 0\.06, 0\.1, 0\.2 of bit-flip/,
    ],
    [
      'another version',
      { perturbations: named('bit-flip').map((its) => ({ ...its, plugin: { ...its.plugin, version: 9 } })) },
      /with version 1 of bit-flip/,
    ],
  ])('with %s than the folder holds is refused, and names --out', async (_, options, message) => {
    const out = measuredCopy()
    const refused = measure(small(out, options))
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ hint: expect.stringContaining('--out') as string })
  })
})
