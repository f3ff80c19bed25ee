import { existsSync, readdirSync } from 'node:fs'
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

const folders = ['packages', 'apps'].flatMap((parent) =>
  readdirSync(parent)
    .filter((name) => existsSync(`${parent}/${name}/package.json`))
    .map((name) => ({ name, root: `${parent}/${name}` })),
)

export default defineConfig({
  test: { projects: folders.map(({ name, root }) => project(name, root)) },
})
