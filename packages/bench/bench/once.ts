import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256, writeWhole } from '@loadbearing/dataset/folder'

/**
 * Does a step of a long run, or reads what it found when it was done before. A step that was interrupted starts anew, so that what it
 * took is never the rest of it alone.
 *
 * @param settings all that its result depends on
 * @param work is given an empty place of its own, the path of a folder that is not there yet
 */
export async function once<T>(
  folder: string,
  name: string,
  settings: unknown,
  work: (place: string) => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true })
  const key = sha256(new TextEncoder().encode(JSON.stringify(settings))).slice(0, 8)
  const place = join(folder, `${name}-${key}`)
  const path = `${place}.json`
  const kept = await readFile(path, 'utf8').catch(() => undefined)
  if (kept !== undefined) return JSON.parse(kept) as T
  const found = await work(place)
  await writeWhole(path, new TextEncoder().encode(JSON.stringify(found)))
  return found
}
