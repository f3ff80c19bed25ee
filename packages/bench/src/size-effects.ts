import type { Row } from '@loadbearing/dataset'
import { type CriterionSizeEffect, sizeEffect, type Task } from '@loadbearing/ranking'
import type { MeasuredTask } from './measured-tasks.ts'

/** A task with what the criteria said of its layers. */
export interface ScoredTask extends Pick<MeasuredTask, 'model' | 'perturbation' | 'layers'> {
  readonly scores: Task['scores']
}

/**
 * How the scores of every criterion go with the size of the layers: once a model, or once a model and perturbation where the criterion
 * is aware. In order of criteria, then of tasks; a criterion that was not scored on a model has none there.
 */
export function sizeEffects(
  criteria: readonly Row<'criteria'>[],
  tasks: readonly ScoredTask[],
): { readonly effect: CriterionSizeEffect; readonly row: Row<'size_effects'> }[] {
  const oneOfEachModel = tasks.filter(
    ({ model }, index) => tasks.findIndex((task) => task.model.model_id === model.model_id) === index,
  )
  return criteria.flatMap(({ criterion_id: id, name, aware }) =>
    (aware ? tasks : oneOfEachModel).flatMap(({ model, perturbation, layers, scores }) => {
      const its = scores.get(name)
      if (!its) return []
      const effect = sizeEffect(its, layers)
      return [
        {
          effect: { criterion: name, model: model.name, perturbation: aware ? perturbation.name : null, ...effect },
          row: {
            criterion_id: id,
            model_id: model.model_id,
            perturbation_id: aware ? perturbation.perturbation_id : null,
            ...effect,
          },
        },
      ]
    }),
  )
}
