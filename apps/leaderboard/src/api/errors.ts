import { z } from '@hono/zod-openapi'
import { DatasetError, findNamed, InputError, LoadbearingError } from '@loadbearing/core'
import type { Context } from 'hono'

/** There is nothing under the name that was asked for. */
export class NotFound extends InputError {}

/** As `findNamed`, for names in a request. @throws NotFound with the nearest name */
export function findOrNotFound<T extends { readonly name: string }>(
  kind: string,
  name: string,
  items: readonly T[],
): T {
  try {
    return findNamed(kind, name, items)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new NotFound(error.message, error.hint === undefined ? {} : { hint: error.hint })
  }
}

const codes = ['not-found', 'input', 'dataset', 'unexpected'] as const
type Code = (typeof codes)[number]

export const errorSchema = z
  .object({
    error: z.object({
      code: z.enum(codes).openapi({
        description:
          'not-found: nothing has that name. input: the query is not valid. dataset: the folder is damaged or not ranked. unexpected: a fault of the server.',
      }),
      message: z.string().openapi({ description: 'What is wrong, in a sentence.' }),
      hint: z.string().nullable().openapi({ description: 'The next step, where there is one.' }),
    }),
  })
  .openapi('Error')

type ErrorBody = z.infer<typeof errorSchema>

function errorBody(code: Code, message: string, hint?: string): ErrorBody {
  return { error: { code, message, hint: hint ?? null } }
}

/** Answers an error that a handler threw. */
export function respondToError(error: Error, c: Context): Response {
  const hint = error instanceof LoadbearingError ? error.hint : undefined
  if (error instanceof NotFound) return c.json(errorBody('not-found', error.message, hint), 404)
  if (error instanceof InputError) return c.json(errorBody('input', error.message, hint), 400)
  if (error instanceof DatasetError) return c.json(errorBody('dataset', error.message, hint), 503)
  return c.json(errorBody('unexpected', 'The server failed to answer.', 'This is a fault of Loadbearing itself.'), 500)
}

/** Answers a query that its schema refuses. */
export function refuseQuery(issues: readonly z.core.$ZodIssue[], c: Context): Response {
  const said = issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
  return c.json(
    errorBody('input', `The query is not valid: ${said.join('; ')}.`, 'See /api/v1/ for what it takes.'),
    400,
  )
}

/** Answers an address that no route has. */
export function noSuchRoute(c: Context): Response {
  return c.json(errorBody('not-found', `There is no ${c.req.path}.`, 'See /api/v1/ for what there is.'), 404)
}

const answer = (description: string) => ({ description, content: { 'application/json': { schema: errorSchema } } })

/** What every route may answer instead. */
export const failures = {
  400: answer('The query is not valid.'),
  503: answer('The dataset folder is damaged, or its scores were not ranked.'),
} as const

/** What a route that takes a name may answer instead. */
export const failuresOfNames = {
  ...failures,
  404: answer('Nothing has that name; the hint says the nearest.'),
} as const
