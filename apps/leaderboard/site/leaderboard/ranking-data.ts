import type { LayerScoreValues, Task, Track, TruthKind } from '@loadbearing/ranking'
import type { Dataset } from '../../src/data/dataset.ts'

/** What a browser needs to rank again: a file of the site. */
export interface RankingData {
  readonly criteria: readonly { readonly name: string; readonly track: Track }[]
  readonly tasks: readonly (Omit<Task, 'scores'> & { readonly kind: TruthKind })[]
  /** A criterion's scores of a model's layers; those for one perturbation where it is aware of perturbations, else null. */
  readonly scores: readonly {
    readonly criterion: string
    readonly model: string
    readonly perturbation: string | null
    readonly values: LayerScoreValues
  }[]
}

export function rankingData({ criteria, tasks, models, perturbations }: Dataset): RankingData {
  const scoresOn = (criterion: string, model: string, perturbation?: string): LayerScoreValues | undefined =>
    tasks
      .find((its) => its.model.name === model && (perturbation ?? its.perturbation.name) === its.perturbation.name)
      ?.task.scores.get(criterion)
  return {
    criteria: criteria.map(({ name, track }) => ({ name, track })),
    tasks: tasks.map(({ kind, task: { scores: _, ...problem } }) => ({ kind, ...problem })),
    scores: criteria.flatMap(({ name: criterion, aware }) =>
      models.flatMap(({ name: model }) =>
        (aware ? perturbations.map(({ name }) => name) : [null]).flatMap((perturbation) => {
          const values = scoresOn(criterion, model, perturbation ?? undefined)
          return values ? [{ criterion, model, perturbation, values }] : []
        }),
      ),
    ),
  }
}

/** The ranking problems of one kind of truth, as @loadbearing/ranking takes them. */
export function tasksOf({ tasks, scores }: RankingData, kind: TruthKind): Task[] {
  return tasks
    .filter((task) => task.kind === kind)
    .map((task) => ({
      ...task,
      scores: new Map(
        scores
          .filter(
            ({ model, perturbation }) =>
              model === task.model && (perturbation === null || perturbation === task.perturbation),
          )
          .map(({ criterion, values }) => [criterion, values]),
      ),
    }))
}
