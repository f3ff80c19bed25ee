import { createRoute, z } from '@hono/zod-openapi'
import type { Api } from './environment.ts'
import { failures } from './errors.ts'
import { described, source } from './fields.ts'

const perturbation = z
  .object({
    name: described(z.string(), 'Name.'),
    family: described(z.string(), 'noise, pruning, quantization, faults or reset.'),
    version: described(z.number().int(), 'Version; part of every seed.'),
    target: described(z.string(), 'What is perturbed.'),
    unit: described(z.string(), 'What an intensity counts.'),
    intensities: described(z.array(z.number()).readonly(), 'The grid, weakest first.'),
    stochastic: described(z.boolean(), 'Whether repeats differ.'),
    group: described(z.string(), 'Group of alike perturbations: what the headline averages first.'),
    summary: described(z.string(), 'One sentence.'),
    reference: source,
  })
  .openapi('Perturbation')

const route = createRoute({
  method: 'get',
  path: '/perturbations',
  tags: ['Perturbations'],
  summary: 'All measured perturbations',
  request: { query: z.strictObject({}) },
  responses: {
    200: {
      description: 'A row a perturbation.',
      content: {
        'application/json': { schema: z.object({ perturbations: z.array(perturbation) }).openapi('Perturbations') },
      },
    },
    ...failures,
  },
})

export function addPerturbations(api: Api): void {
  api.openapi(route, (c) =>
    c.json({ perturbations: c.get('dataset').perturbations.map(({ id: _, ...rest }) => rest) }, 200),
  )
}
