import { readFile } from 'node:fs/promises'
import { InputError } from '@loadbearing/core'

/** Why the file system refused, in a word or two. */
export function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? 'there is no such file or folder' : (code ?? String(error))
}

/** @throws InputError naming the file, when it went since the images were listed, or may not be read */
export async function readImageFile(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw new InputError(`The image ${path} cannot be read: ${reasonOf(cause)}.`, {
      hint: 'Put it back, or make it readable; the same command goes on where it stopped.',
      cause,
    })
  })
}
