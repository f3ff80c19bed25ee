import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { serveStatic } from '@hono/node-server/serve-static'
import type { Context, Env } from 'hono'

/** Where to look: below a folder for the request's path, less the `mount` in front of it; or at one file. */
export type Place = { readonly root: string; readonly mount?: string } | { readonly path: string }

/**
 * Answers with a file, or a folder's index.html, or a range of it; undefined where there is none. A path that leads out of the folder finds
 * nothing. Its ETag is of size and time, since files are replaced as a whole and never written to.
 */
export async function fileAt(place: Place, c: Context<Env, string>): Promise<Response | undefined> {
  let path = ''
  const onFound = (its: string): void => {
    path = its
  }
  const rewriteRequestPath = (path: string): string => ('path' in place ? path : path.slice(place.mount?.length ?? 0))
  const response = await serveStatic<Env>({ ...place, onFound, rewriteRequestPath })(c, () => Promise.resolve())
  if (!(response instanceof Response)) return undefined
  if (basename(path) === 'index.html' && !/(\/|index\.html)$/.test(c.req.path)) {
    await response.body?.cancel()
    return new Response(null, {
      status: 301,
      headers: { Location: `${encodeURI(c.req.path)}/${new URL(c.req.url).search}` },
    })
  }
  const { size, mtimeMs } = await stat(path)
  response.headers.set('ETag', `"${size.toString(16)}-${Math.round(mtimeMs * 1000).toString(16)}"`)
  response.headers.set('Accept-Ranges', 'bytes')
  return response
}
