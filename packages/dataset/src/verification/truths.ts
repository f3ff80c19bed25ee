import type { Finding, OpenTables } from './finding.ts'
import { ascending } from './order.ts'

/** A truth is that of a layer of its task's model. */
export function* truths({ layers, tasks, truths: all }: OpenTables): Generator<Finding> {
  if (!layers || !tasks || !all) return
  for (const [row, { task_id: id, layer_id: layerId, low, high }] of all.entries()) {
    const [task, layer] = [tasks[id], layers[layerId]]
    if (task && layer && task.model_id !== layer.model_id) {
      const message = `Layer ${layerId} belongs to model ${layer.model_id}, but task ${id} is one of model ${task.model_id}.`
      yield { table: 'truths', row, message }
    }
    if (low > high) yield { table: 'truths', row, message: `Its interval runs from ${low} down to ${high}.` }
  }
  yield* ascending(
    'truths',
    all.map((truth) => [truth.task_id, truth.layer_id]),
    'task and layer',
  )
}
