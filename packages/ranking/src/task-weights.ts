import type { Task } from './task-ranking.ts'

/**
 * The weight of every task in the headline, summing to 1: a mean over the tasks of a group of alike perturbations, then over the
 * groups of a model, then over the models of an architecture family, then over families. No perturbation counts twice for
 * having relatives, nor any architecture.
 *
 * @param tasks those that count; what is missing leaves its weight to its siblings
 */
export function taskWeights(tasks: readonly Pick<Task, 'model' | 'family' | 'group'>[]): number[] {
  const distinct = (values: readonly string[]): number => new Set(values).size
  const families = distinct(tasks.map(({ family }) => family))
  return tasks.map(({ family, model, group }) => {
    const inFamily = tasks.filter((task) => task.family === family)
    const inModel = inFamily.filter((task) => task.model === model)
    const inGroup = inModel.filter((task) => task.group === group)
    const models = distinct(inFamily.map((task) => task.model))
    const groups = distinct(inModel.map((task) => task.group))
    return 1 / (families * models * groups * inGroup.length)
  })
}
