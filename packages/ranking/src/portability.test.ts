import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { build } from 'vite'
import { expect, it } from 'vitest'
import { leaderboard, type Contestant, type Task } from './index.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))

it('imports core, matrices and its own files, nothing else', () => {
  const imports = readdirSync(folder)
    .filter((name) => !name.endsWith('.test.ts'))
    .flatMap((name) => [...readFileSync(`${folder}/${name}`, 'utf8').matchAll(/from '([^']+)'/g)])
    .map(([, source]) => source!)
  expect(imports.length).toBeGreaterThan(10)
  expect(
    imports.filter((source) => !['@loadbearing/core', 'ml-matrix'].includes(source) && !source.startsWith('./')),
  ).toEqual([])
})

it('runs where there is JavaScript and TextEncoder, and makes the same table there', async () => {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['@loadbearing/source'] },
    build: { write: false, lib: { entry: `${folder}/index.ts`, formats: ['iife'], name: 'ranking' } },
  })
  const [bundle] = [built].flat()
  if (!bundle || !('output' in bundle)) throw new Error('Vite built nothing.')
  const { code } = bundle.output[0]
  const truth = [0.4, 0.1, 0.3, 0.2, 0, 0.15]
  const tasks = (scores: Task['scores']): Task[] => [
    { model: 'm', family: 'f', perturbation: 'p', group: 'g', truth, ceiling: 0.9, counts: true, scores },
  ]
  const entries: [string, number[]][] = [
    ['a', [4, 1, 2, 3, 0, 1]],
    ['b', [1, 2, 3, 4, 5, 6]],
  ]
  const contestants: Contestant[] = entries.map(([name]) => ({ name, track: 'predictor' }))
  const here = leaderboard(tasks(new Map(entries)), contestants, { seed: ['s'] })

  const page = createContext({ TextEncoder, input: JSON.stringify({ tasks: tasks(new Map()), entries, contestants }) })
  const there = runInContext(
    `${code}
    const { tasks, entries, contestants } = JSON.parse(input)
    JSON.stringify(ranking.leaderboard(tasks.map((task) => ({ ...task, scores: new Map(entries) })), contestants, { seed: ['s'] }))`,
    page,
  ) as string
  expect(JSON.parse(there)).toEqual(here)
})
