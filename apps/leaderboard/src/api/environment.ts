import { OpenAPIHono } from '@hono/zod-openapi'
import type { Dataset } from '../data/dataset.ts'
import { refuseQuery } from './errors.ts'

/** What the handlers of the API are given: the dataset as it is now. */
export interface ApiEnvironment {
  Variables: { dataset: Dataset }
}

export type Api = OpenAPIHono<ApiEnvironment>

export function emptyApi(): Api {
  return new OpenAPIHono<ApiEnvironment>({
    defaultHook: (result, c) => (result.success ? undefined : refuseQuery(result.error.issues, c)),
  })
}
