import { buildSite } from './build.ts'
import type { Listening } from './server/listen.ts'
import { serveDataset, type ServerOptions } from './server/serve-dataset.ts'

export { type BuildOptions, buildSite } from './build.ts'
export type { Listening } from './server/listen.ts'
export type { ServerOptions } from './server/serve-dataset.ts'

/**
 * Serves the leaderboard, its API and the files of a dataset folder, once all of it is ready. The site is built when the folder or the
 * package changed since it was last. A folder that changes while it is served is read again, and the site built again, when the next request comes.
 *
 * @throws DatasetError when the folder is no dataset, was not ranked, or is damaged; InputError when the port is in use
 */
export function startServer(options: ServerOptions): Promise<Listening> {
  return serveDataset({ ...options, build: buildSite })
}
