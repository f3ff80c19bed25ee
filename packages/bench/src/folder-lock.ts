import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import { DatasetError, InputError } from '@loadbearing/core'
import { workPath } from './plan.ts'

/** What this process holds or is about to; a lock that names it and is not here is of an earlier process with its number, as in containers. */
const held = new Set<string>()

const ownName = `${hostname()} ${process.pid}`

/**
 * Does some work while nobody else writes to the dataset folder: tables of two writers would not fit each other. A lock whose process
 * is gone, killed for instance, is taken over.
 *
 * @throws InputError when another process holds the folder; DatasetError when it cannot be written to; what the work throws
 */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = resolve(workPath(folder, 'lock'))
  if (held.has(path)) throw busy(path, folder, ownName)
  held.add(path)
  try {
    await take(path, folder)
    try {
      return await work()
    } finally {
      await rm(path, { force: true })
    }
  } finally {
    held.delete(path)
  }
}

async function take(path: string, folder: string): Promise<void> {
  if (await created(path)) return
  // Of two processes that find a dead lock, the slower one must not remove what the faster one has put in its place.
  const takeover = `${path}.takeover`
  if (isGone(await ownerOf(path)) && (await created(takeover))) {
    try {
      if (isGone(await ownerOf(path))) await rm(path, { force: true })
      if (await created(path)) return
    } finally {
      await rm(takeover, { force: true })
    }
  }
  throw busy(path, folder, await ownerOf(path))
}

function busy(path: string, folder: string, owner: string): InputError {
  return new InputError(`Another process (${owner || 'that just began'}) is writing to ${folder}.`, {
    hint: `Wait for it, or name another folder: --out. If there is no such process, delete ${path}.`,
  })
}

/** Empty where a lock was just made, or just went. */
async function ownerOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

async function created(path: string): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(path, 'wx')
    try {
      await file.writeFile(ownName)
    } catch (cause) {
      // A full disk makes the file and takes no word into it: left there, it would keep everyone out.
      await rm(path, { force: true })
      throw cause
    } finally {
      await file.close()
    }
    return true
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    throw new DatasetError(`${path} could not be written: ${String(code ?? cause)}.`, {
      hint: 'Check that the folder can be written to and that the disk is not full, then give the same command again.',
      cause,
    })
  }
}

function isGone(owner: string): boolean {
  const [host, number] = owner.split(' ')
  const pid = Number(number)
  if (host !== hostname() || !Number.isInteger(pid)) return false
  if (pid === process.pid) return true
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
