import { createHash } from 'node:crypto'
import { DatasetError } from '@loadbearing/core'

/** The file of a dataset folder that says what the others must be. */
export const checksumFile = 'SHA256SUMS'

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Checksums by file name, as `sha256sum -c` reads them. */
export function formatChecksums(sums: ReadonlyMap<string, string>): string {
  return [...sums.keys()]
    .sort()
    .map((file) => `${sums.get(file)!}  ${file}\n`)
    .join('')
}

/** @param path what to call the file in errors. @throws DatasetError naming a line that is none */
export function parseChecksums(text: string, path: string): Map<string, string> {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return new Map(
    lines.map((line, i) => {
      const [, sum, file] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? []
      if (sum === undefined || file === undefined) {
        throw new DatasetError(`${path} is damaged: line ${i + 1} is no checksum and file name.`, {
          hint: 'Restore the file, or delete it: the next command that writes into the folder sums up what is there.',
        })
      }
      return [file, sum]
    }),
  )
}
