import { writeFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { expectRefusal, jsonOutput, loadbearing } from './command.ts'
import { temporaryFolder } from './temporary-folder.ts'

const cwd = temporaryFolder(afterAll)
const [runtime, wasm, native, decoder] = [
  'onnxruntime-node',
  'TensorFlow.js in WebAssembly',
  'TensorFlow.js, native',
  'sharp',
] as const

interface Found {
  readonly engines: readonly { readonly name: string; readonly works: boolean; readonly why: string | null }[]
  readonly folders: readonly { readonly path: string; readonly writable: boolean }[]
}

it('tells what the machine has, and has every engine compute', async () => {
  const found = await jsonOutput(['doctor'], { cwd, without: ['@tensorflow/tfjs-node'] })
  const working = { works: true, needed: true, threads: 1, why: null, advice: null }
  expect(found).toMatchObject({
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cores: availableParallelism(),
    memory: totalmem(),
    engines: [
      { name: runtime, version: expect.stringMatching(/^1\.\d+\.\d+$/) as string, ...working },
      { name: wasm, version: expect.stringMatching(/^4\.\d+\.\d+$/) as string, ...working },
      { name: native },
      { name: decoder, version: expect.stringMatching(/^0\.\d+\.\d+$/) as string, ...working },
    ],
    folders: [{ path: 'loadbearing-dataset', writable: true }, {}],
  })
})

it('goes well without the native binding, and says what to do about it', async () => {
  const { code, stdout, stderr } = await loadbearing(['doctor'], { cwd, without: ['@tensorflow/tfjs-node'] })
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^ {2}TensorFlow\.js in WebAssembly +yes /m)
  expect(stdout).toMatch(/^ {2}TensorFlow\.js, native +no \(optional\) /m)
  expect(stdout).toMatch(
    /^TensorFlow\.js, native: .* does not load: Cannot find package '@tensorflow\/tfjs-node'\.\n {2}→ npm run setup:native$/m,
  )
})

it('starts where the engine of all other commands is missing, which name the doctor', async () => {
  const without = [runtime]
  const { code, stdout, stderr } = await loadbearing(['doctor', '--json'], { cwd, without })
  expect(code).toBe(1)
  const { engines } = JSON.parse(stdout) as Found
  expect(engines.filter(({ works }) => works).map(({ name }) => name)).toEqual(
    expect.arrayContaining([wasm, decoder]) as string[],
  )
  expect(engines.find(({ name }) => name === runtime)).toMatchObject({
    works: false,
    why: "Cannot find package 'onnxruntime-node'",
    advice: expect.stringMatching(/^npm ci/) as string,
  })
  expect(stderr).toContain('onnxruntime-node: not as Loadbearing needs it.')
  await expectRefusal(
    ['criteria'],
    {
      code: 'engine',
      sentence: 'Something that Loadbearing is made of cannot be loaded on this machine.',
      hint: /npx loadbearing doctor says what.*/,
    },
    { cwd, without },
  )
})

it('fails where the dataset cannot be written', async () => {
  writeFileSync(join(cwd, 'file'), '')
  const { code, stdout, stderr } = await loadbearing(['doctor', '--json', '--out', 'file/dataset'], { cwd })
  const { folders } = JSON.parse(stdout) as Found
  expect(folders[0]).toMatchObject({ path: 'file/dataset', writable: false })
  expect([code, stderr]).toEqual([1, expect.stringContaining('file/dataset: not as Loadbearing needs it.')])
})
