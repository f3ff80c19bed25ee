/** The process in which one criterion is scored alone, for its memory: takes one MemoryJob, answers with one PeakMemory, and ends. */
import { watchMemory } from './cost.ts'
import { loadModel } from './model.ts'
import type { MemoryJob, PeakMemory } from './peak-memory.ts'
import { findCriterion, findPerturbation } from './plugins.ts'
import { scoreModel } from './score-model.ts'

async function peakMemory({ source, cifar10, batch, criterion, options, level }: MemoryJob): Promise<PeakMemory> {
  const plugin = await findCriterion(criterion.name, criterion.module)
  const levels = level
    ? [{ ...level, perturbation: await findPerturbation(level.perturbation.name, level.perturbation.module) }]
    : []
  const model = await loadModel(source, { cifar10 })
  const endWatch = watchMemory()
  await scoreModel(model, [{ plugin, options }], levels, { batch, onDone: () => undefined })
  return { bytes: endWatch() }
}

process.once('message', (job: MemoryJob) => {
  void peakMemory(job)
    .catch((error: unknown) => ({ failure: error instanceof Error ? error.message : String(error) }))
    .then((answer) => process.send!(answer, () => process.exit()))
})
// Whoever asked is gone.
process.once('disconnect', () => process.exit())
