import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

const sourceConditions = ['@loadbearing/source', ...defaultServerConditions]

const project = (name: string, root: string) => ({
  ssr: { resolve: { conditions: sourceConditions } },
  test: {
    name,
    root,
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    execArgv: ['--conditions=@loadbearing/source'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})

// From the file, not the working folder: each package's own script runs in its package.
const folders = ['packages', 'apps'].flatMap((parent) => {
  const folder = join(import.meta.dirname, parent)
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'package.json')))
    .map((name) => ({ name, root: join(folder, name) }))
})

export default defineConfig({
  test: {
    projects: [...folders, { name: 'tools', root: join(import.meta.dirname, 'tools') }].map(({ name, root }) =>
      project(name, root),
    ),
  },
})
