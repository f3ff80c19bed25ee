import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { DatasetError } from '@loadbearing/core'

const hint = 'Install @loadbearing/zoo again; in a checkout, restore the file with git.'

/** Path of a file that ships with this package; the same from sources and from the compiled package. */
export function shippedPath(relative: string): string {
  return fileURLToPath(new URL(`../${relative}`, import.meta.url))
}

/**
 * A shipped file whose content is what it was when it was made.
 *
 * @throws DatasetError when it is missing or its SHA-256 differs
 */
export async function readShipped(relative: string, sha256: string): Promise<Uint8Array> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(shippedPath(relative))
  } catch (cause) {
    throw new DatasetError(`The zoo's file ${relative} cannot be read.`, { hint, cause })
  }
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== sha256) {
    throw new DatasetError(`The zoo's file ${relative} is damaged: its SHA-256 is ${found}, not ${sha256}.`, { hint })
  }
  return bytes
}
