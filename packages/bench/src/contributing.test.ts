import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conformance } from '@loadbearing/core/conformance'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadPlugins } from './plugins.ts'

const root = join(import.meta.dirname, '../../..')
const guide = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'loadbearing-contributing-'))
  // What a checkout's root offers to a file in it.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
})
afterAll(() => rmSync(folder, { recursive: true }))

it('the criterion that CONTRIBUTING.md shows loads as a plugin and passes the conformance suite', async () => {
  const [, source] = /^```ts\n([^]*?)^```$/m.exec(guide)!
  const path = join(folder, 'mine.ts')
  writeFileSync(path, source!)
  const { criteria, perturbations } = await loadPlugins(path)
  expect(perturbations).toEqual([])
  expect(criteria.map(({ plugin }) => plugin.name)).toEqual(['weight-range'])

  const checks: (() => void | Promise<void>)[] = []
  conformance(criteria[0]!.plugin, (_name, check) => checks.push(check))
  for (const check of checks) await check()
  expect(checks.length).toBeGreaterThan(3)
})

it('CONTRIBUTING.md names all that a criterion may ask for', () => {
  const contract = readFileSync(join(root, 'packages/core/src/criterion.ts'), 'utf8')
  const [, capabilities] = /interface Capabilities \{\n([^]*?)^\}/m.exec(contract)!
  const needs = [...capabilities!.matchAll(/^ {2}(\w+): \{/gm)].map(([, need]) => need!)
  const documented = [...guide.matchAll(/^\| `(\w+)` +\|/gm)].map(([, need]) => need!)
  expect(documented.filter((need) => need !== 'needs')).toEqual(needs)
})
