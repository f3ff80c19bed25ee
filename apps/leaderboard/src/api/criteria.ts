import { createRoute, z } from '@hono/zod-openapi'
import type { Criterion } from '../data/dataset.ts'
import type { Api } from './environment.ts'
import { failures, failuresOfNames, findOrNotFound } from './errors.ts'
import { ceiling, cost, described, ranking, sizeCorrelations, sizeEffect, source, track, truthQuery } from './fields.ts'
import { answerOf } from './tasks.ts'

const fields = {
  name: described(z.string(), 'Name.'),
  version: described(z.number().int(), 'Version.'),
  package: described(z.string(), 'Package or file that it came from.'),
  track,
  aware: described(z.boolean(), 'Whether it is scored at every level of a perturbation.'),
  needs: described(z.array(z.string()).readonly(), 'What it uses of the network and the images.'),
  options: described(z.record(z.string(), z.unknown()).readonly(), 'Its options, by name.'),
  summary: described(z.string(), 'One sentence.'),
  reference: source,
  engines: described(
    z.array(z.string()).readonly(),
    'What ran the network, with versions: none where it reads the weights alone.',
  ),
  cost: cost.nullable().openapi({
    description: 'What scoring a model costs: means over models, but of memory and images the most on any.',
  }),
  sizeEffect: described(
    sizeCorrelations,
    'How its scores go with the size of the layers: the mean over the perturbations of a model, then over models; null where undefined.',
  ),
}

const summary = z.object(fields).openapi('CriterionSummary')

const detail = z
  .object({
    ...fields,
    costs: described(
      z.array(z.object({ model: described(z.string(), 'Name of the model.'), cost })),
      'What scoring cost on each model.',
    ),
    sizeEffects: described(
      z.array(sizeEffect),
      'How its scores go with the size of the layers: once a model, or once a model and perturbation where it is aware (pooled over live levels). Null where fewer than two layers have a score, or all are of one size.',
    ),
    tasks: described(
      z.array(
        z.object({
          model: described(z.string(), 'Name of the model.'),
          perturbation: described(z.string(), 'Name of the perturbation.'),
          ceiling,
          counts: described(z.boolean(), 'Whether the task counts for the headline.'),
          ranking: ranking.nullable().openapi({ description: 'How well it orders the layers of the task.' }),
          layers: described(
            z.array(
              z.object({
                layer: described(z.string(), 'Name of the layer.'),
                score: described(
                  z.number().nullable(),
                  'What it said, pooled over live levels where it is aware; higher means more important. Null where there is none.',
                ),
                truth: described(z.number().nullable(), 'What the layer loses, a fraction; null where not measured.'),
              }),
            ),
            'In order of depth.',
          ),
        }),
      ),
      'Scores against truth, task by task.',
    ),
  })
  .openapi('Criterion')

const list = createRoute({
  method: 'get',
  path: '/criteria',
  tags: ['Criteria'],
  summary: 'All scored criteria',
  request: { query: z.strictObject({}) },
  responses: {
    200: {
      description: 'A row a criterion.',
      content: { 'application/json': { schema: z.object({ criteria: z.array(summary) }).openapi('Criteria') } },
    },
    ...failures,
  },
})

const one = createRoute({
  method: 'get',
  path: '/criteria/{name}',
  tags: ['Criteria'],
  summary: 'One criterion: its scores and rankings, task by task',
  request: {
    params: z.object({ name: z.string().openapi({ description: 'Name of the criterion.', example: 'l2-norm' }) }),
    query: truthQuery,
  },
  responses: {
    200: { description: 'The criterion.', content: { 'application/json': { schema: detail } } },
    ...failuresOfNames,
  },
})

export function addCriteria(api: Api): void {
  api.openapi(list, (c) => c.json({ criteria: c.get('dataset').criteria.map(summaryOf) }, 200))
  api.openapi(one, (c) => {
    const dataset = c.get('dataset')
    const { truth: kind } = c.req.valid('query')
    const criterion = findOrNotFound('scored criterion', c.req.valid('param').name, dataset.criteria)
    return c.json(
      {
        ...summaryOf(criterion),
        costs: [...criterion.costs].map(([model, its]) => ({ model, cost: its })),
        sizeEffects: criterion.sizeEffects.map(({ criterion: _, ...effect }) => effect),
        tasks: dataset.tasks
          .filter((its) => its.kind === kind)
          .map(({ model, perturbation, task, rankings, ceiling: its, counts }) => {
            const scores = task.scores.get(criterion.name)
            const found = rankings.get(criterion.name)
            return {
              model: model.name,
              perturbation: perturbation.name,
              ceiling: its,
              counts,
              ranking: found ? answerOf(found) : null,
              layers: model.layers.map(({ name }, depth) => ({
                layer: name,
                score: scores?.[depth] ?? null,
                truth: task.truth[depth] ?? null,
              })),
            }
          }),
      },
      200,
    )
  })
}

function summaryOf({ id: _, costs: __, sizeEffects: ___, ...rest }: Criterion) {
  return rest
}
