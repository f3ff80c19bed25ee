import { join } from 'node:path'
import { DatasetError } from '@loadbearing/core'
import { type Context, type Env, Hono } from 'hono'
import { compress } from 'hono/compress'
import { etag } from 'hono/etag'
import { createApi, documentOf } from '../api/api.ts'
import { fontFamilies, fontFolder, fontsPath } from '../api/fonts.ts'
import { renderReference } from '../api/reference.ts'
import type { Dataset } from '../data/dataset.ts'
import { fileAt } from './static-files.ts'

/** What is served: both as they are when a request comes. */
export interface Served {
  /** The dataset folder. */
  readonly folder: string
  readonly dataset: () => Promise<Dataset>
  /** The folder of the built site. */
  readonly site: () => Promise<string>
}

/** The whole server as one app: the API, the dataset's files, and the site. */
export function createApp({ folder, dataset, site }: Served): Hono {
  const app = new Hono()
  app.onError(sayWhy)
  app.use(compress())

  const api = createApi(dataset)
  app.get('/api/v1/', (c) => c.html(renderReference(documentOf(api))))
  for (const path of ['/api', '/api/', '/api/v1']) app.get(path, (c) => c.redirect('/api/v1/'))
  for (const family of fontFamilies) {
    const mount = `${fontsPath}/${family}`
    app.get(`${mount}/*`, async (c, next) => (await fileAt({ root: fontFolder(family), mount }, c)) ?? next())
  }
  app.route('/api/v1', api)

  app.use(etag())
  app.get('/dataset/files/:name{[a-z_]+\\.arrow|SHA256SUMS}', async (c, next) => {
    const name = c.req.param('name')
    const file = await fileAt({ path: join(folder, name) }, c)
    if (!file) return next()
    file.headers.set(
      'Content-Type',
      name === 'SHA256SUMS' ? 'text/plain; charset=utf-8' : 'application/vnd.apache.arrow.file',
    )
    file.headers.set('Cache-Control', 'no-cache')
    return file
  })
  app.get('*', async (c) => {
    const root = await site()
    const file = await fileAt({ root }, c)
    if (!file) return notFound(root, c)
    // Astro puts a hash of the content into these names.
    const hashed = c.req.path.startsWith('/_astro/')
    file.headers.set('Cache-Control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    return file
  })
  return app
}

async function notFound(root: string, c: Context<Env, string>): Promise<Response> {
  const page = await fileAt({ path: join(root, '404.html') }, c)
  if (!page) return c.text('There is no such page.', 404)
  return new Response(page.body, { status: 404, headers: { 'Content-Type': 'text/html; charset=utf-8' } })
}

function sayWhy(error: Error, c: Context): Response {
  return error instanceof DatasetError
    ? c.text([error.message, error.hint].join('\n'), 503)
    : c.text('The server failed to answer.', 500)
}
