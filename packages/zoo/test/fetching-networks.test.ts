import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeEach, expect, it, vi } from 'vitest'
import { readCached } from '../src/networks.ts'
import { npmTarball } from './npm-tarball.ts'
import { type Registry, startRegistry } from './registry.ts'
import { temporaryFolder } from './temporary-folder.ts'

const from = { name: '@example/networks', version: '4.5.6' }
const networks = new Map([
  ['networks/one.onnx', 'the first network'],
  ['networks/one.initial.onnx', 'the first network before its training'],
  ['networks/two.onnx', 'the second network'],
  ['README.md', 'no network'],
])
const card = (name: string) => ({
  name,
  sha256: createHash('sha256')
    .update(networks.get(`networks/${name}.onnx`) ?? '')
    .digest('hex'),
})

let tarball: Buffer
let registry: Registry
/** Where the files are kept. */
let folder: string
beforeEach(async () => {
  tarball = await npmTarball(networks)
  registry = await startRegistry(from.name, from.version, tarball)
  const caches = temporaryFolder()
  vi.stubEnv('XDG_CACHE_HOME', caches)
  folder = join(caches, 'loadbearing/networks/4.5.6')
})

const read = async (name: string): Promise<string> => {
  const { path, bytes } = await readCached(card(name), {}, from)
  expect(readFileSync(path).equals(bytes)).toBe(true)
  return new TextDecoder().decode(bytes)
}

it('one network fetches them all: the next is read without a network', async () => {
  expect(await read('one')).toBe('the first network')
  await registry.close()
  expect(await read('two')).toBe('the second network')
  expect(readdirSync(folder).sort()).toEqual(['one.initial.onnx', 'one.onnx', 'two.onnx'])
})

it('a download that ended before it was unpacked is not made again', async () => {
  const part = join(folder, 'networks-4.5.6.tgz.part')
  mkdirSync(dirname(part), { recursive: true })
  writeFileSync(part, tarball)
  await expect(read('one')).resolves.toBe('the first network')
  expect(registry.ranges).toEqual([`bytes=${tarball.length}-`])
})

it('a damaged one is fetched again', async () => {
  await read('two')
  writeFileSync(join(folder, 'two.onnx'), 'the second netwerk')
  const found: string[] = []
  const { bytes } = await readCached(card('two'), { onFetch: (progress) => found.push(progress.found) }, from)
  expect(new TextDecoder().decode(bytes)).toBe('the second network')
  expect(found).toContain('damaged')
})

it('one that is not what its card says is refused, with what else can be done', async () => {
  await expect(readCached({ ...card('one'), sha256: '0'.repeat(64) }, {}, from)).rejects.toMatchObject({
    name: 'DatasetError',
    message: '@example/networks 4.5.6 holds another one.onnx than the one that is expected.',
    hint: 'Update Loadbearing. Or install it: npm install @example/networks@4.5.6.',
  })
})

it('a version that the registry lacks is said', async () => {
  await expect(readCached(card('one'), {}, { ...from, version: '4.5.7' })).rejects.toMatchObject({
    message: expect.stringContaining('has no version 4.5.7 of @example/networks') as string,
    hint: expect.stringContaining('npm install @example/networks@4.5.7') as string,
  })
})

it('a package that is no archive is removed, and fetched anew', async () => {
  await registry.close()
  registry = await startRegistry(from.name, from.version, Buffer.from('no archive'))
  await expect(read('one')).rejects.toMatchObject({
    message: '@example/networks 4.5.6 could not be unpacked.',
    hint: expect.stringContaining('Give the same command again') as string,
  })
  expect(readdirSync(folder)).toEqual([])
})
