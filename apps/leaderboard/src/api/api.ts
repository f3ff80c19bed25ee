import { cors } from 'hono/cors'
import { etag } from 'hono/etag'
import type { Dataset } from '../data/dataset.ts'
import { version } from '../version.ts'
import { addCriteria } from './criteria.ts'
import { addDataset } from './dataset.ts'
import { type Api, emptyApi } from './environment.ts'
import { noSuchRoute, respondToError } from './errors.ts'
import { addLeaderboard } from './leaderboard.ts'
import { addModels } from './models.ts'
import { addPerturbations } from './perturbations.ts'
import { addTasks } from './tasks.ts'

const about = {
  openapi: '3.1.0',
  info: {
    title: 'Loadbearing API',
    version,
    description:
      'Which layers of a neural network carry the load, and which criterion predicts it: everything that the site shows, as JSON. Losses, truths and shares are fractions. All answers are for reading alone and for any origin; their ETag changes with the dataset.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/api/v1' }],
}

/**
 * The API, to be mounted at /api/v1, with its OpenAPI document.
 *
 * @param current the dataset as it is now; what it throws becomes the answer
 */
export function createApi(current: () => Promise<Dataset>): Api {
  const api = emptyApi()
  api.onError(respondToError)
  api.use(cors({ origin: '*', allowMethods: ['GET', 'HEAD'], exposeHeaders: ['ETag'] }))

  api.get('/openapi.json', (c) => c.json(documentOf(api)))

  api.use(etag())
  api.use(async (c, next) => {
    const dataset = await current()
    c.set('dataset', dataset)
    await next()
    if (!c.res.ok) return
    c.header('ETag', `"${version}-${dataset.digest.slice(0, 16)}"`)
    c.header('Cache-Control', 'no-cache')
  })
  for (const add of [addLeaderboard, addModels, addCriteria, addPerturbations, addTasks, addDataset]) add(api)
  // Not notFound(): where an app is mounted, that of the outer one answers.
  api.all('*', noSuchRoute)
  return api
}

/** The OpenAPI document of the API. */
export function documentOf(api: Api) {
  return api.getOpenAPI31Document(about)
}
