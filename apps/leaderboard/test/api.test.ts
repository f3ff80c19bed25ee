import { Ajv2020 } from 'ajv/dist/2020.js'
import { leaderboard } from '@loadbearing/ranking'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { readDataset } from '../src/data/dataset.ts'
import { serveDataset } from '../src/server/serve-dataset.ts'
import { exampleFolders } from './example-folder.ts'
import { standInBuild } from './stand-in-site.ts'

const example = exampleFolders()

let dataset: string
let url: string

beforeEach(async () => {
  dataset = example()
  const server = await serveDataset({ dataset, port: 0, build: standInBuild() })
  onTestFinished(() => server.close())
  url = `${server.url}/api/v1`
})

const document = z.object({
  openapi: z.string(),
  paths: z.record(
    z.string(),
    z.object({
      get: z.object({
        responses: z.record(
          z.string(),
          z.object({ content: z.object({ 'application/json': z.object({ schema: z.object({ $ref: z.string() }) }) }) }),
        ),
      }),
    }),
  ),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
})

const tableRow = z.looseObject({ criterion: z.string(), share: z.number().nullable() })
const table = z.object({
  truth: z.string(),
  models: z.array(z.string()),
  perturbations: z.array(z.string()),
  tasks: z.array(z.looseObject({ counts: z.boolean() })),
  predictors: z.array(tableRow),
  probes: z.array(tableRow),
})
const failure = z.object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }) })

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url + path)
  return { status: response.status, body: await response.json() }
}

async function failureAt(path: string) {
  const { status, body } = await get(path)
  return { status, ...failure.parse(body).error }
}

async function described() {
  return document.parse((await get('/openapi.json')).body)
}

/** Examples of every path, and what they answer. */
const requests: readonly [path: string, request: string, status: number][] = [
  ['/leaderboard', '/leaderboard', 200],
  [
    '/leaderboard',
    '/leaderboard?truth=bounded-kl&model=tiny-net&perturbation=gaussian-noise&perturbation=rounding',
    200,
  ],
  ['/leaderboard', '/leaderboard?perturbation=rounding', 200],
  ['/leaderboard', '/leaderboard?truth=nothing', 400],
  ['/leaderboard', '/leaderboard?model=tiny-ned', 404],
  ['/models', '/models', 200],
  ['/models/{name}', '/models/deep-net', 200],
  ['/models/{name}', '/models/deep-ned', 404],
  ['/criteria', '/criteria', 200],
  ['/criteria/{name}', '/criteria/fragile', 200],
  ['/criteria/{name}', '/criteria/weight-error?truth=bounded-kl', 200],
  ['/criteria/{name}', '/criteria/weight', 404],
  ['/perturbations', '/perturbations', 200],
  ['/tasks', '/tasks?truth=bounded-kl', 200],
  ['/tasks/{model}/{perturbation}', '/tasks/deep-net/gaussian-noise', 200],
  ['/tasks/{model}/{perturbation}', '/tasks/tiny-net/rounding', 200],
  ['/tasks/{model}/{perturbation}', '/tasks/tiny-net/gaussian', 404],
  ['/tasks/{model}/{perturbation}', '/tasks/tiny-net/rounding?truth=', 400],
  ['/dataset', '/dataset', 200],
]

describe('the OpenAPI document', () => {
  it('describes what every request answers, and allows nothing else', async () => {
    const { paths, components } = await described()
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    // A field that is answered but not described is a fault too.
    ajv.addSchema({ $id: 'document', components: closed(components) })
    expect(Object.keys(paths).sort()).toEqual([...new Set(requests.map(([path]) => path))].sort())
    for (const [path, request, expected] of requests) {
      const { status, body } = await get(request)
      expect({ request, status }).toEqual({ request, status: expected })
      const { $ref } = paths[path]!.get.responses[status]!.content['application/json'].schema
      ajv.validate({ $ref: `document${$ref}` }, body)
      expect({ request, errors: ajv.errors }).toEqual({ request, errors: null })
    }
  })

  it('says of every field what it is', async () => {
    const { components } = await described()
    const silent: string[] = []
    const look = (schema: unknown, path: string): void => {
      const { properties, items, allOf } = z
        .looseObject({
          properties: z.record(z.string(), z.looseObject({})).default({}),
          items: z.looseObject({}).optional(),
          allOf: z.array(z.looseObject({})).default([]),
        })
        .parse(schema)
      for (const [name, its] of Object.entries(properties)) {
        // A list in an answer of its own, or something that is described where it is declared.
        const elsewhere = '$ref' in its || name === 'error' || ('items' in its && Object.keys(properties).length === 1)
        if (!elsewhere && !JSON.stringify(its).includes('"description"')) silent.push(`${path}.${name}`)
        look(its, `${path}.${name}`)
      }
      if (items) look(items, `${path}[]`)
      for (const part of allOf) look(part, path)
    }
    for (const [name, schema] of Object.entries(components.schemas)) look(schema, name)
    expect(silent).toEqual([])
  })

  it('is rendered as a page with every path and answer, and without anything from elsewhere', async () => {
    const { paths, components } = await described()
    const response = await fetch(`${url}/`)
    const page = await response.text()
    expect(response.headers.get('content-type')).toContain('text/html')
    for (const path of Object.keys(paths)) expect(page).toContain(`</span> /api/v1${path}</code>`)
    for (const schema of Object.keys(components.schemas)) expect(page).toContain(`<section id="${schema}">`)
    const anchors = [...page.matchAll(/href="#([^"]+)"/g)].map(([, anchor]) => anchor)
    for (const anchor of anchors) expect(page).toContain(`id="${String(anchor)}"`)
    expect(page).not.toMatch(/<script|src=|@import|url\(/)
    const styles = [...page.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)].map(([, address]) => String(address))
    expect(styles).toHaveLength(2)
    for (const address of styles) {
      const style = await (await fetch(new URL(address, url))).text()
      const font = /url\(([^)]+latin-wght-normal\.woff2)\)/.exec(style)?.[1] ?? ''
      const file = await fetch(new URL(font, new URL(address, url)))
      expect([file.status, file.headers.get('content-type')]).toEqual([200, 'font/woff2'])
    }
    for (const way of ['/api', '/api/', '/api/v1']) {
      expect((await fetch(new URL(way, url))).url).toBe(`${url}/`)
    }
  })
})

describe('the leaderboard', () => {
  it('has the stored numbers where nothing is chosen', async () => {
    const { leaderboards } = await readDataset(dataset)
    for (const kind of ['accuracy-drop', 'bounded-kl'] as const) {
      const answer = table.parse((await get(`/leaderboard?truth=${kind}`)).body)
      expect(answer.predictors).toMatchObject(leaderboards[kind].predictor)
      expect(answer.probes).toMatchObject(leaderboards[kind].probe)
      expect(answer.tasks).toHaveLength(6)
    }
    expect((await get('/leaderboard')).body).toEqual((await get('/leaderboard?truth=accuracy-drop')).body)
  })

  it('is ranked again on what is chosen, in whatever order and however often', async () => {
    const { tasks, criteria } = await readDataset(dataset)
    const chosen = tasks.filter(
      ({ kind, model, perturbation }) =>
        kind === 'bounded-kl' && model.name === 'deep-net' && perturbation.name !== 'rounding',
    )
    const expected = leaderboard(
      chosen.map(({ task }) => task),
      criteria,
      { seed: ['bounded-kl'] },
    )
    const requests = [
      'perturbation=gaussian-noise&perturbation=magnitude-pruning',
      'perturbation=magnitude-pruning&perturbation=gaussian-noise&perturbation=gaussian-noise',
    ]
    for (const query of requests) {
      const answer = table.parse((await get(`/leaderboard?truth=bounded-kl&model=deep-net&${query}`)).body)
      expect(answer.models).toEqual(['deep-net'])
      expect(answer.perturbations).toEqual(['gaussian-noise', 'magnitude-pruning'])
      expect(answer.predictors).toMatchObject(expected.predictor)
      expect(answer.probes).toMatchObject(expected.probe)
    }
  })

  it('is the stored one where everything is chosen', async () => {
    const { body } = await get('/leaderboard?model=deep-net&model=tiny-net')
    expect(body).toEqual((await get('/leaderboard')).body)
  })

  it('has no share where no task counts', async () => {
    const { predictors, tasks } = table.parse((await get('/leaderboard?perturbation=rounding')).body)
    expect(predictors.map(({ share }) => share)).toEqual([null, null, null, null, null])
    expect(tasks.map(({ counts }) => counts)).toEqual([false, false])
  })

  it('says what each criterion costs', async () => {
    const { probes } = table.parse((await get('/leaderboard')).body)
    expect(probes[0]).toMatchObject({ criterion: 'bounded-kl', cost: { forwardsPerScore: 40, peakMemory: 2e6 } })
  })
})

describe('one of them', () => {
  it('is a model with its layers and their sensitivity', async () => {
    const { sensitivity } = await readDataset(dataset)
    const { body } = await get('/models/tiny-net')
    expect(body).toMatchObject({
      name: 'tiny-net',
      layers: [{ name: 'conv1.weight', weightShape: [4, 4, 3, 3] }, {}, {}, {}, {}],
      sensitivity: [
        {
          perturbation: 'gaussian-noise',
          intensities: [0.1, 0.4, 0.8],
          layers: [{ levels: sensitivity[0]!.layers[0] }, {}, {}, {}, {}],
        },
        { perturbation: 'magnitude-pruning' },
        { perturbation: 'rounding' },
      ],
    })
  })

  it('is a criterion with its scores against the truth, and why it failed', async () => {
    const { body } = await get('/criteria/fragile')
    const { tasks } = z
      .looseObject({
        tasks: z.array(
          z.looseObject({
            model: z.string(),
            perturbation: z.string(),
            ranking: z.looseObject({ reason: z.string().nullable() }),
            layers: z.array(z.looseObject({ score: z.number().nullable(), truth: z.number().nullable() })),
          }),
        ),
      })
      .parse(body)
    expect(tasks).toHaveLength(6)
    const [tiny, deep] = ['tiny-net', 'deep-net'].map((name) => tasks.find(({ model }) => model === name))
    expect(tiny?.layers.map(({ score }) => score)).toEqual([0.9, 0.5, 0.3, 0.15, 0.6])
    expect(tiny?.ranking.reason).toBeNull()
    expect(deep?.layers[2]).toMatchObject({ layer: 'conv3.weight', score: null })
    expect(deep?.ranking.reason).toBe('no score for 1 of 8 layers')
  })

  it('is a criterion with how its scores go with the size of the layers', async () => {
    // .9 .5 .3 .15 .6 against depth: ranks 5 3 2 1 4, so 1 − 6·(16 + 1 + 1 + 9 + 1)/120 = −.4.
    const onTiny = { model: 'tiny-net', layers: 5, parameters: -0.4, macs: null, depth: -0.4, constant: false }
    const { body } = await get('/criteria/fragile')
    expect(body).toMatchObject({
      sizeEffects: [
        { ...onTiny, perturbation: null },
        { model: 'deep-net', layers: 7 },
      ],
    })
    const aware = await get('/criteria/bounded-kl')
    expect(aware.body).toMatchObject({
      sizeEffects: [
        { model: 'tiny-net', perturbation: 'gaussian-noise', layers: 5 },
        { model: 'tiny-net', perturbation: 'magnitude-pruning', layers: 5 },
        // Nothing is live.
        { model: 'tiny-net', perturbation: 'rounding', layers: 0, depth: null },
        {},
        {},
        {},
      ],
    })
    const flat = await get('/criteria/flat')
    expect(flat.body).toMatchObject({
      sizeEffect: { parameters: 0, macs: null, depth: 0 },
      sizeEffects: [{ constant: true }, { constant: true }],
    })
  })

  it('is a task with intervals, ceiling and rankings, best first; or why it does not count', async () => {
    const { body } = await get('/tasks/deep-net/gaussian-noise')
    const task = z
      .looseObject({
        layers: z.array(
          z.object({ layer: z.string(), truth: z.object({ value: z.number(), low: z.number(), high: z.number() }) }),
        ),
        rankings: z.array(z.object({ criterion: z.string(), ranking: z.looseObject({ share: z.number() }) })),
      })
      .parse(body)
    for (const { truth } of task.layers)
      expect([truth.low, truth.value, truth.high]).toEqual(
        [truth.low, truth.value, truth.high].toSorted((a, b) => a - b),
      )
    const shares = task.rankings.map(({ ranking }) => ranking.share)
    expect(shares).toEqual(shares.toSorted((a, b) => b - a))
    expect(task).toMatchObject({ counts: true, reason: null, liveLevels: [0, 1, 2] })
    expect((await get('/tasks/deep-net/rounding')).body).toMatchObject({
      counts: false,
      ceiling: null,
      reason: expect.stringContaining('No intensity is live') as string,
    })
  })

  it('is the dataset with its files, columns and units', async () => {
    const { body } = await get('/dataset')
    const { files } = z
      .looseObject({
        files: z.array(
          z.looseObject({
            name: z.string(),
            url: z.string(),
            bytes: z.number(),
            columns: z.array(z.looseObject({ name: z.string() })),
          }),
        ),
      })
      .parse(body)
    expect(files).toHaveLength(14)
    for (const file of files) {
      const bytes = await (await fetch(new URL(file.url, url))).arrayBuffer()
      expect(bytes.byteLength).toBe(file.bytes)
    }
    const sensitivity = files.find(({ name }) => name === 'sensitivity.arrow')
    expect(sensitivity?.columns.find(({ name }) => name === 'mean_kl')).toMatchObject({
      unit: 'nats',
      nullable: true,
      type: 'f64',
    })
  })
})

describe('an unknown name', () => {
  it('is answered with the nearest', async () => {
    expect(await failureAt('/models/tiny-nett')).toEqual({
      status: 404,
      code: 'not-found',
      message: "There is no measured model called 'tiny-nett'.",
      hint: "Did you mean 'tiny-net'?",
    })
    expect(await failureAt('/criteria/wait-error')).toMatchObject({ status: 404, hint: "Did you mean 'weight-error'?" })
    expect(await failureAt('/tasks/deep-net/rouding')).toMatchObject({ status: 404, hint: "Did you mean 'rounding'?" })
    expect(await failureAt('/leaderboard?perturbation=rouding')).toMatchObject({
      status: 404,
      hint: "Did you mean 'rounding'?",
    })
    expect(await failureAt('/models/%3Cscript%3E')).toMatchObject({ status: 404, hint: 'Known: tiny-net, deep-net.' })
  })

  it('of a route is answered with where to look', async () => {
    for (const path of ['/leaderbord', '/models/tiny-net/layers', '/tasks/tiny-net']) {
      expect(await failureAt(path)).toMatchObject({
        status: 404,
        code: 'not-found',
        hint: 'See /api/v1/ for what there is.',
      })
    }
  })
})

describe('a bad query', () => {
  it('is refused with the parameter and what it takes', async () => {
    expect(await failureAt('/leaderboard?truth=accuracy')).toMatchObject({
      status: 400,
      code: 'input',
      message: expect.stringMatching(/truth.*accuracy-drop.*bounded-kl/) as string,
    })
    expect(await failureAt('/leaderboard?preturbation=rounding')).toMatchObject({
      status: 400,
      message: expect.stringContaining('preturbation') as string,
    })
    expect(await failureAt('/models?page=2')).toMatchObject({ status: 400, code: 'input' })
    expect(await failureAt('/tasks?truth=bounded-kl&truth=accuracy-drop')).toMatchObject({ status: 400 })
  })
})

describe('an answer', () => {
  it('may be read from any origin', async () => {
    const response = await fetch(`${url}/models`, { headers: { Origin: 'https://example.org' } })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  })

  it('need not be sent twice', async () => {
    const response = await fetch(`${url}/leaderboard`)
    const tag = response.headers.get('etag') ?? ''
    expect(tag).toContain((await readDataset(dataset)).digest.slice(0, 16))
    const again = await fetch(`${url}/leaderboard`, { headers: { 'If-None-Match': tag } })
    expect([again.status, await again.text()]).toEqual([304, ''])
  })
})

/** A schema that allows no property which it does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return 'properties' in schema && !('additionalProperties' in schema)
    ? { ...inner, additionalProperties: false }
    : inner
}
