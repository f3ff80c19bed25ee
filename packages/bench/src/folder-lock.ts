import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import { DatasetError, InputError } from '@loadbearing/core'
import { workPath } from './plan.ts'

/** What this process holds; a lock that names it and is not here is of an earlier process with its number, as in containers. */
const held = new Set<string>()

/**
 * Does some work while nobody else writes to the dataset folder: tables of two writers would not fit each other. A lock whose process
 * is gone, killed for instance, is taken over.
 *
 * @throws InputError when another process holds the folder; DatasetError when it cannot be written to; what the work throws
 */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = resolve(workPath(folder, 'lock'))
  await take(path, folder)
  held.add(path)
  try {
    return await work()
  } finally {
    held.delete(path)
    await rm(path, { force: true })
  }
}

async function take(path: string, folder: string): Promise<void> {
  if (await created(path)) return
  const owner = await readFile(path, 'utf8').catch(() => '')
  if (isGone(path, owner)) {
    await rm(path, { force: true })
    if (await created(path)) return
  }
  throw new InputError(`Another process (${owner || 'that just began'}) is writing to ${folder}.`, {
    hint: `Wait for it, or name another folder: --out. If there is no such process, delete ${path}.`,
  })
}

async function created(path: string): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, `${hostname()} ${process.pid}`, { flag: 'wx' })
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

function isGone(path: string, owner: string): boolean {
  const [host, number] = owner.split(' ')
  const pid = Number(number)
  if (host !== hostname() || !Number.isInteger(pid)) return false
  if (pid === process.pid) return !held.has(path)
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
