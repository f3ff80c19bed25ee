import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { criteria, perturbations } from './registry.generated.ts'

const root = join(import.meta.dirname, '../../..')
const registered = [...criteria, ...perturbations]
const sourcesOf = (module: string): string => join(root, 'packages', module.replace('@loadbearing/', ''), 'src')

describe('the registry', () => {
  it('is what the plugin packages export, and so is their page', () => {
    execFileSync(
      process.execPath,
      ['--conditions=@loadbearing/source', join(root, 'tools/registry.ts'), '--check'],
      // A drifted file makes it exit with 1, which throws with its message.
      { encoding: 'utf8' },
    )
  })

  it('holds every plugin package', () => {
    const folders = readdirSync(join(root, 'packages')).filter((name) => /^(criteria|perturbations)-/.test(name))
    expect(folders.length).toBeGreaterThan(0)
    expect([...new Set(registered.map(({ module }) => module))].sort()).toEqual(
      folders.map((name) => `@loadbearing/${name}`).sort(),
    )
  })

  it('gives every plugin a name of its own', () => {
    const names = registered.map(({ plugin }) => plugin.name)
    expect(names).toEqual([...new Set(names)])
  })

  it('lists packages that bench depends on', () => {
    const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    expect(Object.keys(manifest.dependencies)).toEqual(
      expect.arrayContaining([...new Set(registered.map(({ module }) => module))]),
    )
  })
})

describe.each(registered)('$plugin.name of $module', ({ plugin, module }) => {
  conformance(plugin, it)

  it('has a file named after it, with its formula and source above the code', () => {
    const path = join(sourcesOf(module), `${plugin.name}.ts`)
    expect(existsSync(path), path).toBe(true)
    expect(readFileSync(path, 'utf8')).toMatch(/\/\*\*[\s\S]*\bSource: [\s\S]*\*\/\nexport const /)
  })

  it('is tested in its own package, beginning with the conformance suite', () => {
    const tests = readdirSync(sourcesOf(module))
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(sourcesOf(module), name), 'utf8'))
    expect(tests.some((test) => test.includes(`'./${plugin.name}.ts'`) && test.includes('conformance('))).toBe(true)
  })
})
