import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DatasetError } from '@loadbearing/core'

/** A file whose bytes are on the disk under a temporary name. */
export interface StagedFile {
  /** Puts it under its final name, in place of what stood there. */
  readonly commit: () => Promise<void>
  readonly discard: () => Promise<void>
}

/**
 * A file under its final name only when all of it is on the disk.
 *
 * @throws DatasetError naming the file and the cause; a file of that name from before stays as it was
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const staged = await stage(path, bytes)
  await staged.commit()
  await syncFolder(dirname(path))
}

/**
 * Writes and syncs the bytes, given at once or a piece at a time, beside `path`.
 *
 * @throws DatasetError as `writeWhole` does, and whatever the pieces throw; nothing of it is left then
 */
export async function stage(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<StagedFile> {
  const temporary = `${path}.${randomUUID()}.tmp`
  // What keeps it from being written can keep it from being removed: the first failure is the one to tell.
  const discard = () => rm(temporary, { force: true }).catch(() => undefined)
  const orDiscard = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (cause) {
      await discard()
      throw isOfSystem(cause) ? unwritable(path, cause) : cause
    }
  }
  await orDiscard(async () => {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(temporary, 'wx')
    try {
      // Not write(): on a full disk it writes a part, and says nothing but the number of bytes.
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
  })
  return { commit: () => orDiscard(() => rename(temporary, path)), discard }
}

/** Makes the names in a folder outlast a power cut: without it, a file can be on the disk and its new name not. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders; its file system keeps a journal of names.
  if (process.platform === 'win32') return
  const opened = await open(folder)
  try {
    await opened.sync()
  } finally {
    await opened.close()
  }
}

/** Whether the file system failed, rather than whoever makes the bytes. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}

function unwritable(path: string, cause: NodeJS.ErrnoException): DatasetError {
  const code = String(cause.code)
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)
  return new DatasetError(`${path} could not be written: ${full ? 'the disk is full' : code}.`, {
    hint: full
      ? 'Free some space, then give the same command again: nothing that was finished is lost.'
      : 'Check that the folder can be written to, then give the same command again.',
    cause,
  })
}
