import { mkdtemp, rmdir, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

/** Whether a folder, which need not be there yet, can be written to. */
export interface CheckedFolder {
  readonly path: string
  readonly use: string
  readonly writable: boolean
  /** Bytes free on its disk. */
  readonly free: number
  /** Why it cannot be written to. */
  readonly why: string | null
}

/** Tries it with a folder of a moment, in the nearest one that there is. */
export async function checkedFolder(path: string, use: string): Promise<CheckedFolder> {
  const nearest = await existing(resolve(path))
  const { bavail, bsize } = await statfs(nearest)
  const about = { path, use, free: bavail * bsize }
  try {
    await rmdir(await mkdtemp(join(nearest, '.loadbearing-')))
    return { ...about, writable: true, why: null }
  } catch (error) {
    return { ...about, writable: false, why: error instanceof Error ? error.message : String(error) }
  }
}

async function existing(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    () => dirname(path) === path,
  )
  return isThere ? path : existing(dirname(path))
}
