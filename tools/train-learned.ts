/**
 * Learns the weights of the criterion `learned` from measured truth, and says how well it does on families that it has not seen.
 *
 *   npm run train:learned -- FOLDER…        measured networks of the zoo, as datasets; prints the page
 *   npm run train:learned -- FOLDER… --write  also writes it and the coefficients
 *   npm run train:learned -- --cache folder  where features are kept (default: .learned); what is there is not computed twice
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type MeasuredTask, measuredTasks } from '@loadbearing/bench'
import { InputError } from '@loadbearing/core'
import { listZoo } from '@loadbearing/zoo'
import { formatted } from './generated-file.ts'
import { type Case, casesOf, levelsOf } from './learned/cases.ts'
import { coefficientsModule, setsOf } from './learned/coefficients.ts'
import { featuresOfNetwork } from './learned/features.ts'
import { pageOf } from './learned/page.ts'
import { runTool } from './run-tool.ts'

const root = join(import.meta.dirname, '..')
const page = 'docs/learned-criterion.md'
const coefficients = 'packages/criteria-ensembles/src/coefficients.generated.ts'

/** A perturbation a family and more of those that differ; what is learnt holds for all. */
const perturbations = [
  'gaussian-noise',
  'magnitude-pruning',
  'uniform-quantization',
  'bit-flip',
  'shuffle-reset',
  'filter-pruning',
]

await runTool(run)

async function run(): Promise<void> {
  const { values: given, positionals: folders } = parseArgs({
    allowPositionals: true,
    options: {
      write: { type: 'boolean', default: false },
      cache: { type: 'string', default: join(root, '.learned') },
    },
  })
  if (folders.length === 0) {
    throw new InputError('No folder with measured truth is given.', {
      hint: `Measure one: npx loadbearing measure --perturbation ${perturbations.join()} --out FOLDER.`,
    })
  }
  const zoo = await listZoo()
  const cases: Case[] = []
  const tasks = (await Promise.all(folders.map((folder) => measuredTasks(folder, { perturbations })))).flat()
  for (const card of zoo) {
    const its = tasks.filter(({ model }) => model.sha256 === card.sha256)
    if (its.length === 0) continue
    console.error(card.name)
    cases.push(...(await casesOfNetwork(card, its, given.cache)))
  }
  const sets = setsOf(cases, zoo)
  const text = await formatted(page, pageOf(cases, sets))
  console.log(text)
  if (!given.write) return
  writeFileSync(join(root, page), text)
  writeFileSync(join(root, coefficients), await formatted(coefficients, coefficientsModule(sets)))
}

async function casesOfNetwork(
  card: Parameters<typeof featuresOfNetwork>[0],
  tasks: readonly MeasuredTask[],
  cache: string,
): Promise<Case[]> {
  const features = await featuresOfNetwork(card, levelsOf(tasks), cache)
  return tasks.flatMap((task) => casesOf(task, features))
}
