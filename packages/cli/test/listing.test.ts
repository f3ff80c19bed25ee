import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { expectRefusal, jsonOutput, loadbearing, output } from './command.ts'

const here = { cwd: import.meta.dirname }
const lenet = ['conv1.weight', 'conv2.weight', 'conv3.weight', 'fc1.weight', 'fc2.weight']

it('helps without a command, with --help, and for every command', async () => {
  const help = await output([], here)
  expect(help).toMatch(/^Usage: loadbearing/)
  expect(await output(['--help'], here)).toBe(help)
  const commands = [...help.matchAll(/^ {2}([a-z]+)(?: \[| {2})/gm)].map(([, name]) => name!)
  expect(commands).toEqual(
    expect.arrayContaining([
      'run',
      'measure',
      'score',
      'rank',
      'serve',
      'layers',
      'perturb',
      'criteria',
      'dataset',
      'doctor',
    ]),
  )
  for (const name of ['measure', 'score', 'rank', 'perturb']) {
    expect(await output([name, '--help'], here)).toMatch(
      /^Usage: [^]*--json [^]*--debug [^]*Examples?:\n {2}npx loadbearing/,
    )
  }
})

it('makes no noise of its own on stderr', async () => {
  expect(await loadbearing(['layers', 'zoo:lenet-fashion'], here)).toMatchObject({ code: 0, stderr: '' })
})

it('lists the zoo', async () => {
  expect(await output(['layers'], here)).toMatch(
    /zoo:resnet8-fashion +ResNet-8 +fashion-mnist +\d\d\.\d\d % +10 +77,418 +9,345,920\n/,
  )
  const models = z.array(z.object({ name: z.string(), sha256: z.string() })).parse(await jsonOutput(['layers'], here))
  const names = ['lenet-fashion', 'resnet20-narrow-fashion', 'resnet8-fashion']
  expect(models.map(({ name }) => name)).toEqual(expect.arrayContaining(names))
})

it('lists the layers of a model of the zoo, and of the same file by its path', async () => {
  const text = await output(['layers', 'zoo:lenet-fashion'], here)
  expect(text).toMatch(/^lenet-fashion: 5 layers, 55,312 parameters/)
  expect(text).toMatch(/conv2\.weight +Conv +32×16×5×5 +1 +12,800 +1,280,000 +16×14×14 +32×10×10/)
  expect(text).toMatch(/conv1\.bias, conv2\.bias, conv3\.bias: bias of Conv/)

  const shape = z.object({
    layers: z.array(z.object({ name: z.string(), macs: z.number() })),
    leftOut: z.array(z.unknown()),
  })
  const byName = shape.parse(await jsonOutput(['layers', 'zoo:lenet-fashion'], here))
  expect(byName.layers.map(({ name }) => name)).toEqual(lenet)
  expect(byName.leftOut).toHaveLength(5)
  expect(shape.parse(await jsonOutput(['layers', '../../zoo/models/lenet-fashion.onnx'], here))).toEqual(byName)
})

it('lists the layers of a network that does not ship as PyTorch counts them', async () => {
  const counted = new URL('../../onnx/test/fixtures/zoo-layers.json', import.meta.url)
  const { 'vit6-fashion': layers } = JSON.parse(await readFile(counted, 'utf8')) as Record<string, object[]>
  expect(await jsonOutput(['layers', 'zoo:vit6-fashion'], here)).toMatchObject({ layers })
})

it('lists the criteria with source, needs and options', async () => {
  expect(await output(['criteria'], here)).toMatch(
    /bounded-kl {2}probe, scored at every intensity[^]*needs +logits, perturbation, perturbedForward[^]*option +forwards = 40[^]*source .*\n +https:/,
  )
  const option = z.object({ name: z.string(), default: z.unknown(), description: z.string().min(1) })
  const about = z.object({
    name: z.string(),
    version: z.number(),
    summary: z.string(),
    track: z.enum(['predictor', 'probe']),
  })
  const criterion = about.extend({
    reference: z.object({ title: z.string(), url: z.url() }),
    needs: z.array(z.string()),
    options: z.array(option),
  })
  expect(z.array(criterion).parse(await jsonOutput(['criteria'], here)).length).toBeGreaterThan(10)
})

it('lists the perturbations with source, unit and grid', async () => {
  expect(await output(['perturbations'], here)).toMatch(
    /bit-flip {2}faults[^]*grid +0\.003, 0\.01, 0\.03, 0\.06, 0\.1 +bit error rate/,
  )
  const perturbation = z.object({
    name: z.string(),
    family: z.string(),
    unit: z.string(),
    intensities: z.array(z.number()).min(5),
  })
  const listed = z.array(perturbation).parse(await jsonOutput(['perturbations'], here))
  expect(listed.map(({ name }) => name)).toContain('gaussian-noise')
})

it.each([
  [['criterias'], "Unknown command 'criterias'.", 'Did you mean criteria?'],
  [['rank', '--metrik', 'share'], "Unknown option '--metrik'.", 'Did you mean --metric?'],
  [
    ['rank', '--metric', 'shar'],
    /Option '--metric <name>' argument 'shar' is invalid\. Allowed choices are share, .*/,
    /.*rank --help.*/,
  ],
  [['score', '--batch', '0'], /.*'0' is invalid\. It must be a whole number of at least 1\./, /.*score --help.*/],
  [
    ['measure', '--images', 'many'],
    /.*'many' is invalid\. It must be a whole number of at least 1\./,
    /.*measure --help.*/,
  ],
  [
    ['measure', '--intensity', '1'],
    'Intensities are in the unit of one perturbation.',
    /Name it with --perturbation.*/,
  ],
  [['perturb', 'zoo:lenet-fashion'], "Required option '--layer <name>' not specified.", /.*perturb --help.*/],
  [['layers', 'a', 'b'], "Too many arguments for 'layers'. Expected 1 argument but got 2.", /.*layers --help.*/],
] as const)('refuses a wrong call: %j', async (parameters, sentence, hint) => {
  await expectRefusal(parameters, { code: 'input', sentence, hint }, here)
})
