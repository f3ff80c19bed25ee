import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { DatasetError } from '@loadbearing/core'
import type { z } from 'zod'

const hint = 'Install @loadbearing/zoo again; in a checkout, restore the file with git.'

/** Path of a file that ships with this package; the same from sources and from the compiled package. */
export function shippedPath(relative: string): string {
  return fileURLToPath(new URL(`../${relative}`, import.meta.url))
}

/** Names of the files in a shipped folder, in order. @throws DatasetError when the folder is missing */
export async function shippedNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(shippedPath(folder))).sort()
  } catch (cause) {
    throw new DatasetError(`The zoo's folder ${folder} cannot be read.`, { hint, cause })
  }
}

/**
 * A shipped JSON file, as its schema types it.
 *
 * @throws DatasetError when it is missing, no JSON, or does not fit the schema
 */
export async function readShippedJson<T>(relative: string, schema: z.ZodType<T>): Promise<T> {
  const bytes = await readRaw(relative)
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    throw new DatasetError(`The zoo's file ${relative} is damaged.`, { hint, cause })
  }
}

/**
 * A shipped file whose content is what it was when it was made.
 *
 * @throws DatasetError when it is missing or its SHA-256 differs
 */
export async function readShipped(relative: string, sha256: string): Promise<Uint8Array> {
  const bytes = await readRaw(relative)
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== sha256) {
    throw new DatasetError(`The zoo's file ${relative} is damaged: its SHA-256 is ${found}, not ${sha256}.`, { hint })
  }
  return bytes
}

async function readRaw(relative: string): Promise<Uint8Array> {
  try {
    return await readFile(shippedPath(relative))
  } catch (cause) {
    throw new DatasetError(`The zoo's file ${relative} cannot be read.`, { hint, cause })
  }
}
