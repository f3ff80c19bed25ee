import { createRoute, z } from '@hono/zod-openapi'
import type { Leaderboard, LeaderboardRow, TruthKind } from '@loadbearing/ranking'
import { type Dataset, leaderboardOf, type TaskChoice } from '../data/dataset.ts'
import type { Api } from './environment.ts'
import { failuresOfNames, findOrNotFound } from './errors.ts'
import { cost, described, repeatedName, statistics, track, truth } from './fields.ts'
import { summaryOf, taskSummary } from './tasks.ts'

const row = z
  .object({
    criterion: described(z.string(), 'Name of the criterion.'),
    track,
    ...statistics,
    meanRank: described(z.number().nullable(), 'Mean rank over the tasks within its track; 1 is best.'),
    tasks: described(z.number().int(), 'Tasks that count.'),
    failures: described(z.number().int(), 'Of those, tasks on which it failed: share 0 and the last rank.'),
    constants: described(z.number().int(), 'Of those, tasks on which all its scores were equal.'),
    needs: described(z.array(z.string()).readonly(), 'What it uses of the network and the images.'),
    cost: cost.nullable().openapi({
      description: 'What scoring a model costs: means over models, but of memory and images the most on any.',
    }),
  })
  .readonly()
  .openapi('LeaderboardRow')

const answer = z
  .object({
    truth,
    models: described(z.array(z.string()).readonly(), 'Models that it is ranked on.'),
    perturbations: described(z.array(z.string()).readonly(), 'Perturbations that it is ranked on.'),
    tasks: described(z.array(taskSummary).readonly(), 'Ranking problems, also those that do not count.'),
    predictors: described(z.array(row).readonly(), 'Criteria without a perturbed forward pass, best first.'),
    probes: described(z.array(row).readonly(), 'Criteria with some, best first.'),
  })
  .openapi('Leaderboard')

const route = createRoute({
  method: 'get',
  path: '/leaderboard',
  tags: ['Leaderboard'],
  summary: 'The table',
  description:
    'How well each criterion predicts what a network loses: the share of the noise ceiling, aggregated over the tasks that count. A choice of models or perturbations is ranked again, bootstrap included, by the code that made the published table.',
  request: {
    query: z.strictObject({
      truth: truth.default('accuracy-drop'),
      model: repeatedName('A model to rank on.', 'resnet8-fashion'),
      perturbation: repeatedName('A perturbation to rank on.', 'gaussian-noise'),
    }),
  },
  responses: {
    200: { description: 'The two tables.', content: { 'application/json': { schema: answer } } },
    ...failuresOfNames,
  },
})

export function addLeaderboard(api: Api): void {
  api.openapi(route, (c) => {
    const dataset = c.get('dataset')
    const query = c.req.valid('query')
    const models = named('model', query.model, dataset.models)
    const perturbations = named('perturbation', query.perturbation, dataset.perturbations)
    const { predictor, probe } = ranked(dataset, query.truth, {
      ...(models && { models }),
      ...(perturbations && { perturbations }),
    })
    const chosenModels = models ?? dataset.models.map(({ name }) => name)
    const chosenPerturbations = perturbations ?? dataset.perturbations.map(({ name }) => name)
    const withCost = (of: LeaderboardRow) => {
      const criterion = dataset.criteria.find(({ name }) => name === of.criterion)
      return { ...of, needs: criterion?.needs ?? [], cost: criterion?.cost ?? null }
    }
    return c.json(
      {
        truth: query.truth,
        models: chosenModels,
        perturbations: chosenPerturbations,
        tasks: dataset.tasks
          .filter(
            ({ kind, model, perturbation }) =>
              kind === query.truth &&
              chosenModels.includes(model.name) &&
              chosenPerturbations.includes(perturbation.name),
          )
          .map(summaryOf),
        predictors: predictor.map(withCost),
        probes: probe.map(withCost),
      },
      200,
    )
  })
}

/** The chosen names in the dataset's order, each once; nothing where all are meant. @throws NotFound on an unknown one */
function named(
  kind: string,
  names: readonly string[] | undefined,
  items: readonly { readonly name: string }[],
): string[] | undefined {
  if (!names) return undefined
  const chosen = new Set(names.map((name) => findOrNotFound(`measured ${kind}`, name, items)))
  return chosen.size === items.length ? undefined : items.filter((item) => chosen.has(item)).map(({ name }) => name)
}

/** Tables that were ranked again take a bootstrap each: the latest are kept. */
const kept = new WeakMap<Dataset, Map<string, Leaderboard>>()
const mostKept = 100

function ranked(dataset: Dataset, kind: TruthKind, choice: TaskChoice): Leaderboard {
  const tables = kept.get(dataset) ?? new Map<string, Leaderboard>()
  kept.set(dataset, tables)
  const key = JSON.stringify([kind, choice])
  const table = tables.get(key) ?? leaderboardOf(dataset, kind, choice)
  tables.delete(key)
  tables.set(key, table)
  for (const oldest of tables.keys()) if (tables.size > mostKept) tables.delete(oldest)
  return table
}
