import { createRoute, z } from '@hono/zod-openapi'
import type { TaskRankingWithInterval } from '@loadbearing/ranking'
import type { RankedTask } from '../data/dataset.ts'
import type { Api } from './environment.ts'
import { failures, failuresOfNames, findOrNotFound, NotFound } from './errors.ts'
import { ceiling, described, interval, ranking, truth, truthQuery } from './fields.ts'

const fields = {
  model: described(z.string(), 'Name of the model.'),
  perturbation: described(z.string(), 'Name of the perturbation.'),
  truth,
  layers: described(z.number().int(), 'Layers to rank.'),
  liveLevels: described(
    z.array(z.number().int()).readonly(),
    "Indices in the perturbation's grid of the levels that the truth pools: mean drop of 2 to 50 points.",
  ),
  ceiling,
  counts: described(z.boolean(), 'Whether the task counts for the headline.'),
  reason: described(z.string().nullable(), 'Why it does not, where it does not.'),
}

export const taskSummary = z.object(fields).openapi('TaskSummary')

const task = z
  .object({
    ...fields,
    layers: described(
      z.array(
        z.object({
          layer: described(z.string(), 'Name of the layer.'),
          truth: interval.nullable().openapi({ description: 'What it loses; null where it was not measured.' }),
        }),
      ),
      'In order of depth.',
    ),
    rankings: described(
      z.array(
        z.object({
          criterion: described(z.string(), 'Name of the criterion.'),
          ranking: ranking.openapi({ description: 'How well it orders the layers of this task.' }),
        }),
      ),
      'A row a criterion, best share first.',
    ),
  })
  .openapi('Task')

const list = createRoute({
  method: 'get',
  path: '/tasks',
  tags: ['Tasks'],
  summary: 'All ranking problems',
  description: 'A task is a model × a perturbation, pooled over its live levels.',
  request: { query: truthQuery },
  responses: {
    200: {
      description: 'A row a task.',
      content: { 'application/json': { schema: z.object({ tasks: z.array(taskSummary) }).openapi('Tasks') } },
    },
    ...failures,
  },
})

const one = createRoute({
  method: 'get',
  path: '/tasks/{model}/{perturbation}',
  tags: ['Tasks'],
  summary: 'One ranking problem: its truth, and how every criterion did',
  request: {
    params: z.object({
      model: z.string().openapi({ description: 'Name of the model.', example: 'resnet8-fashion' }),
      perturbation: z.string().openapi({ description: 'Name of the perturbation.', example: 'gaussian-noise' }),
    }),
    query: truthQuery,
  },
  responses: {
    200: { description: 'The task.', content: { 'application/json': { schema: task } } },
    ...failuresOfNames,
  },
})

export function addTasks(api: Api): void {
  api.openapi(list, (c) => {
    const { truth: kind } = c.req.valid('query')
    return c.json(
      {
        tasks: c
          .get('dataset')
          .tasks.filter((its) => its.kind === kind)
          .map(summaryOf),
      },
      200,
    )
  })
  api.openapi(one, (c) => {
    const dataset = c.get('dataset')
    const { truth: kind } = c.req.valid('query')
    const names = c.req.valid('param')
    const model = findOrNotFound('measured model', names.model, dataset.models)
    const perturbation = findOrNotFound('measured perturbation', names.perturbation, dataset.perturbations)
    const found = dataset.tasks.find(
      (its) => its.kind === kind && its.model === model && its.perturbation === perturbation,
    )
    if (!found) {
      throw new NotFound(`${model.name} was not measured under ${perturbation.name}.`, {
        hint: 'See /api/v1/tasks for what was.',
      })
    }
    return c.json(
      {
        ...summaryOf(found),
        layers: model.layers.map(({ name }, depth) => ({ layer: name, truth: found.truths[depth] ?? null })),
        rankings: [...found.rankings]
          .map(([criterion, its]) => ({ criterion, ranking: answerOf(its) }))
          .sort((a, b) => (b.ranking.share ?? -Infinity) - (a.ranking.share ?? -Infinity) || 0),
      },
      200,
    )
  })
}

/** A task without its layers. */
export function summaryOf({ model, perturbation, kind, liveLevels, ceiling: its, counts, reason }: RankedTask) {
  return {
    model: model.name,
    perturbation: perturbation.name,
    truth: kind,
    layers: model.layers.length,
    liveLevels,
    ceiling: its,
    counts,
    reason,
  }
}

/** A ranking with every field: what is left out where all went well is null. */
export function answerOf(its: TaskRankingWithInterval) {
  return { ...its, reason: its.reason ?? null }
}
