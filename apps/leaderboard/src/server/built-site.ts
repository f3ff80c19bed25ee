import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sha256 } from '@loadbearing/dataset/folder'
import type { BuildOptions } from '../build.ts'
import { digestOf } from '../data/dataset.ts'
import { version } from '../version.ts'

/** Builds a site, as `buildSite` does. */
export type Build = (options: BuildOptions) => Promise<void>

export interface SiteOptions {
  /** The dataset folder. */
  readonly dataset: string
  readonly build: Build
  readonly onProgress?: (message: string) => void
}

/** What pages are made of, beside the dataset: the site and this package's code. */
const sources = ['../../site', '..'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)))

/**
 * The folder of the site over a dataset: built where there is none yet for this content of the dataset and of the sources, otherwise as it
 * was left. It lies in the dataset folder, under .site; or in the system's folder for temporary files where that cannot be written. A site stands
 * under its name only when all of it is there, and those of other contents are removed.
 *
 * @throws DatasetError when the folder is no dataset; what the build throws
 */
export async function builtSite({ dataset, build, onProgress }: SiteOptions): Promise<string> {
  const digest = await digestOf(dataset)
  const key = await keyOf(digest)
  const cache = await cacheFolder(dataset)
  const site = join(cache, key)
  if (!existsSync(site)) {
    const temporary = join(cache, `${key}.${process.pid}.${randomUUID()}.tmp`)
    try {
      await build({ dataset, outDir: temporary, withFiles: false, ...(onProgress && { onProgress }) })
      // Pages of two rankings must not stand under the name of one.
      if ((await digestOf(dataset)) !== digest)
        return await builtSite({ dataset, build, ...(onProgress && { onProgress }) })
      await rename(temporary, site)
    } catch (error) {
      // Another server may have built the same meanwhile.
      if (!existsSync(site)) throw error
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  }
  await removeOthers(cache, key)
  return site
}

async function keyOf(digest: string): Promise<string> {
  const hash = createHash('sha256').update(`${version} ${digest}`)
  for (const folder of sources) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !/node_modules|\.astro[/\\]|\.test\.|tsbuildinfo/.test(file.slice(folder.length)))
    for (const file of files.sort()) hash.update(file.slice(folder.length)).update(await readFile(file))
  }
  return hash.digest('hex')
}

async function cacheFolder(dataset: string): Promise<string> {
  const inside = join(dataset, '.site')
  try {
    await mkdir(inside, { recursive: true })
    return inside
  } catch {
    const outside = join(tmpdir(), `loadbearing-site-${userInfo().username}`, sha256(Buffer.from(resolve(dataset))))
    await mkdir(outside, { recursive: true, mode: 0o700 })
    return outside
  }
}

/** Removes sites of other contents, and what builds left that were killed. */
async function removeOthers(cache: string, key: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const [its, process] = name.split('.')
    if (name === key || !/^[0-9a-f]{64}$/.test(its ?? '') || (process !== undefined && isRunning(Number(process))))
      continue
    await rm(join(cache, name), { recursive: true, force: true })
  }
}

function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0)
  } catch {
    return false
  }
}
