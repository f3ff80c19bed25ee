/**
 * The measuring engine against what else one could do, in processor seconds: at equal images, to a noise ceiling, and to an interval in
 * every cell. All that is compared takes turns, on the same images and the same perturbed weights.
 *
 *   npm run bench                       prints the page; goes on where it stopped
 *   npm run bench -- --write            also writes it to docs/benchmarks.md
 *   npm run bench -- --python FILE      the Python that has PyTorch, onnx and numpy (default: python3); without, PyTorch is left out
 *   npm run bench -- --all              to a ceiling on all perturbations of weights as well: hours
 *   npm run bench -- --quick            little of everything, in minutes: whether it runs, not how fast
 *   npm run bench -- --out FOLDER       where finished steps are kept (default: .benchmarks)
 *   npm run bench -- --cifar10 FOLDER   CIFAR-10 in its official binary version, in place of fetching it
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { loadModel, perturbations, representatives } from '../src/index.ts'
import type { RegisteredPerturbation } from '../src/registry.ts'
import { type Field, openField } from './contenders.ts'
import { atEqualImages } from './equal-images.ts'
import { inEveryCell } from './every-cell.ts'
import { type Benchmarks, pageOf, type Race, type TaskList } from './page.ts'
import { openPyTorch } from './pytorch.ts'
import { type CeilingTask, cheapestPlan, type FixedPlan, toACeiling } from './to-a-ceiling.ts'

const root = join(import.meta.dirname, '../../..')
const page = join(root, 'docs/benchmarks.md')
const judged = 'resnet20-cifar10'
const networks = ['resnet8-fashion', judged]

const { values: given } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    python: { type: 'string', default: 'python3' },
    all: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, '.benchmarks') },
    cifar10: { type: 'string' },
  },
})
const full = { rounds: 5, images: 256, ceiling: 0.95, most: { images: 10_000, repeats: 64 }, width: 0.01, stride: 50 }
const quick = { ...full, rounds: 1, images: 64, ceiling: 0.9, most: { images: 250, repeats: 4 }, width: 0.05 }
const settings = given.quick ? quick : full
const { out: folder, cifar10 } = given

const pytorch = await openPyTorch(given.python)
if (!pytorch)
  console.error(`${given.python} has no PyTorch, onnx and numpy: PyTorch is left out. Name another Python: --python.`)
const rival = pytorch ? 'strong' : 'whole'
const races: Race[] = []
let measured: Pick<Benchmarks, 'lists' | 'narrowed'> | undefined
for (const name of networks) {
  const model = await loadModel({ reference: `zoo:${name}` }, { cifar10 })
  const field = await openField(model, pytorch, settings.images)
  const rounds = await atEqualImages(field, settings.rounds, folder)
  races.push({ model: name, names: field.names, rounds })
  if (name === judged) measured = await measureIn(field)
  await field.release()
}
pytorch?.close()

const benchmarks = { ...settings, judged, rival, races, ...measured!, pytorch: pytorch?.version } as const
const text = await format(pageOf(benchmarks), { ...(await resolveConfig(page)), filepath: page })
console.log(text)
if (given.write && !given.quick) writeFileSync(page, text)

async function measureIn(field: Field): Promise<Pick<Benchmarks, 'lists' | 'narrowed'>> {
  const { ceiling, most, width, stride } = settings
  const options = { field, rival, folder, cifar10 } as const
  const best = (tasks: readonly CeilingTask[], target: (reached: number) => number): FixedPlan | undefined =>
    cheapestPlan(tasks, target, stride, most.images)
  const listed = async (title: string, list: readonly RegisteredPerturbation[]): Promise<TaskList> => {
    const tasks = await toACeiling(list, ceiling, most, options)
    return {
      title,
      tasks,
      cheapest: best(tasks, (reached) => Math.min(reached, ceiling)),
      asReached: best(tasks, (reached) => reached),
    }
  }
  const known = await listed('the best-known perturbation of each family', representatives)
  const narrowed = await inEveryCell(width, stride, options)
  const ofWeights = perturbations.filter(({ plugin }) => plugin.target === 'weights')
  const all = given.all ? [await listed('all perturbations of weights', ofWeights)] : []
  return { lists: [known, ...all], narrowed }
}
