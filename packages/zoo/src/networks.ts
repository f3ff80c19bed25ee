import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { DatasetError } from '@loadbearing/core'
import { cachePath } from './cache.ts'
import type { ModelCard } from './card.ts'
import type { FetchOptions } from './fetch-options.ts'
import { type Fetchable, readFetched } from './fetched.ts'
import type { NpmPackage } from './npm-registry.ts'

/** A network's ONNX file. */
export interface NetworkFile {
  readonly path: string
  readonly bytes: Uint8Array
}

type Named = Pick<ModelCard, 'name' | 'sha256'>

const require = createRequire(import.meta.url)
const { version } = require('../package.json') as { version: string }

/** The package with the networks that do not ship, whose files this version's cards describe. */
const published: NpmPackage = { name: '@loadbearing/zoo-networks', version }

/**
 * The file of a network, where the package that holds it is installed (as in a checkout); otherwise undefined.
 *
 * @throws DatasetError where it is not what the card says
 */
export async function readInstalled({ name, sha256 }: Named): Promise<NetworkFile | undefined> {
  const path = installedPath(name)
  if (path === undefined) return undefined
  const bytes = await readFile(path)
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== sha256) {
    throw new DatasetError(`${path} is not the network of this version: its SHA-256 is ${found}, not ${sha256}.`, {
      hint: `Install ${published.name} ${version}; in a checkout, restore the file with git.`,
    })
  }
  return { path, bytes }
}

/**
 * The file of a network from the cache, where all that do not ship are fetched on demand.
 *
 * @throws DatasetError where it cannot be fetched; the signal's reason when aborted
 */
export async function readCached(
  { name, sha256 }: Named,
  options: FetchOptions = {},
  from: Fetchable['from'] = published,
): Promise<NetworkFile> {
  const file = `${name}.onnx`
  // By version: another version of the command, with other cards, keeps its own files.
  const into = cachePath('networks', from.version)
  const bytes = await readFetched(
    file,
    sha256,
    { what: name, from, into, otherwise: `Or install it: npm install ${from.name}@${from.version}.`, unpack },
    options,
  )
  return { path: join(into, file), bytes }
}

async function unpack(tarball: string): Promise<Map<string, Uint8Array>> {
  const { filesOf } = await import('./archive.ts')
  const files = await filesOf(tarball, /^networks\/[\w.-]+\.onnx$/, (bytes) => bytes)
  return new Map([...files].map(([path, bytes]) => [basename(path), bytes]))
}

function installedPath(name: string): string | undefined {
  try {
    return require.resolve(`${published.name}/networks/${name}.onnx`)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw cause
  }
}
