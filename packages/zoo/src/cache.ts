import { homedir } from 'node:os'
import { join } from 'node:path'

/** A path among what Loadbearing fetched: under $XDG_CACHE_HOME, on Windows %LOCALAPPDATA%, or ~/.cache. */
export function cachePath(...parts: string[]): string {
  const local = process.platform === 'win32' ? process.env.LOCALAPPDATA : undefined
  // An empty variable is no folder, by the XDG specification too.
  const caches = [process.env.XDG_CACHE_HOME, local].find((folder) => folder) ?? join(homedir(), '.cache')
  return join(caches, 'loadbearing', ...parts)
}
