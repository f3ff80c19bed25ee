import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { build } from 'vite'
import { expect, it } from 'vitest'
import { decodeRows, encodeRows, tables } from '../src/index.ts'
import { smallDataset } from './small-dataset.ts'

const entry = fileURLToPath(new URL('../src/index.ts', import.meta.url))

it('reads in a browser what was written here: the tables and their errors need nothing of Node', async () => {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['@loadbearing/source'] },
    build: { write: false, lib: { entry, formats: ['iife'], name: 'dataset' } },
  })
  const [bundle] = [built].flat()
  if (!bundle || !('output' in bundle)) throw new Error('Vite built nothing.')
  const { code } = bundle.output[0]
  expect(bundle.output[0].imports).toEqual([])
  expect(code).not.toMatch(/["']node:|require\(/)

  const bytes = encodeRows(tables.scores, smallDataset().scores)
  const page = createContext({ TextEncoder, TextDecoder, input: JSON.stringify([...bytes]) })
  const there = runInContext(
    `${code}
    const bytes = Uint8Array.from(JSON.parse(input))
    let failure
    try { dataset.decodeRows(dataset.tables.scores, bytes.subarray(0, 99), 'scores.arrow') } catch (error) { failure = error.message }
    JSON.stringify({ rows: dataset.decodeRows(dataset.tables.scores, bytes, 'scores.arrow'), failure })`,
    page,
  ) as string
  expect(JSON.parse(there)).toEqual({
    rows: decodeRows(tables.scores, bytes, 'scores.arrow'),
    failure: 'scores.arrow is cut off.',
  })
})
