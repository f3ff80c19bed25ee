import { openNetwork } from '@loadbearing/onnx'
import type { PlannedJob } from './jobs.ts'
import { type BenchModel, preprocess } from './model.ts'
import { stratifiedOrder } from './seeds.ts'

/** How fast the work goes here. */
export interface Pace {
  /** Wall-clock seconds that jobs should take, all threads together: by a trial run of their models, and by what jobs before them took. */
  readonly expect: (jobs: readonly PlannedJob[]) => Promise<number>
  readonly took: (jobs: readonly PlannedJob[], seconds: number) => void
}

export function startPace(models: readonly BenchModel[], threads: number): Pace {
  const trials = new Map<string, number>()
  let [real, said] = [0, 0]
  const byTrial = (jobs: readonly PlannedJob[]): number =>
    jobs.reduce((sum, { unit, work }) => sum + work * trials.get(unit.model)!, 0) / threads
  return {
    async expect(jobs) {
      for (const { unit } of jobs) {
        if (trials.has(unit.model)) continue
        trials.set(unit.model, await secondsPerMac(models.find(({ onnx }) => onnx.sha256 === unit.model)!))
      }
      return byTrial(jobs) * (said > 0 ? real / said : 1)
    },
    took(jobs, seconds) {
      said += byTrial(jobs)
      real += seconds
    },
  }
}

/** Images of a trial run: half a batch. */
const examples = 16

/**
 * Processor seconds that a multiply-accumulate of a model takes here, from a trial run of a few of its images: enough to tell minutes from
 * hours before a measurement starts.
 *
 * @throws EngineError when the network fails on the images
 */
async function secondsPerMac(model: BenchModel): Promise<number> {
  const images = await model.images('test')
  const order = stratifiedOrder(images.labels, model.data).slice(0, examples)
  const batch = await preprocess(images, order, model.preprocessing)
  const network = await openNetwork(model.onnx, model.bytes)
  try {
    // The first run allocates.
    await network.run(batch)
    const started = performance.now()
    await network.run(batch)
    const macs = model.onnx.layers.reduce((sum, layer) => sum + layer.macs, 0)
    return (performance.now() - started) / 1000 / (macs * order.length)
  } finally {
    await network.release()
  }
}
