/**
 * Checks that the zoo is worth measuring: how much of the sensitivity of its layers follows from depth, size and MACs alone, and how
 * much its networks agree. Exits with 1 where too much follows (tools/zoo-worth/verdict.ts says what is too much).
 *
 *   npm run zoo:worth                        measures every network of the zoo, a little, and prints; goes on where it stopped
 *   npm run zoo:worth -- --write             also writes docs/zoo-worth.md
 *   npm run zoo:worth -- --model a,b         these networks alone
 *   npm run zoo:worth -- --threads 1         worker threads (default: one a core)
 *   npm run zoo:worth -- --out some-folder   where measurements are kept (default: .zoo-worth)
 *   npm run zoo:worth -- --cifar10 folder    CIFAR-10 in its official binary version, in place of fetching it
 */
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { MeasureOptions } from '@loadbearing/bench'
import { findNamed } from '@loadbearing/core'
import { listZoo, type ModelCard } from '@loadbearing/zoo'
import { formatted } from './generated-file.ts'
import { runTool } from './run-tool.ts'
import { explain, type ExplainedTask } from './zoo-worth/explained.ts'
import { measureNetwork, requireImages, threadsIn } from './zoo-measurement.ts'
import { pageOf } from './zoo-worth/page.ts'
import { settings } from './zoo-worth/settings.ts'
import { judge } from './zoo-worth/verdict.ts'

const root = join(import.meta.dirname, '..')
const page = 'docs/zoo-worth.md'

await runTool(run)

async function run(): Promise<void> {
  const { values: given } = parseArgs({
    options: {
      write: { type: 'boolean', default: false },
      model: { type: 'string' },
      threads: { type: 'string', default: String(availableParallelism()) },
      cifar10: { type: 'string' },
      out: { type: 'string', default: join(root, '.zoo-worth') },
    },
  })
  const threads = threadsIn(given.threads)
  const zoo = await listZoo()
  const cards = given.model?.split(',').map((name) => findNamed('network in the zoo', name, zoo)) ?? zoo
  const { out, cifar10 } = given
  await requireImages(cards, { cifar10 })

  const tasks: ExplainedTask[] = []
  for (const card of cards) tasks.push(...(await explained(card, { threads, out, cifar10 })))
  const leftOut = zoo.filter((card) => !cards.includes(card)).map(({ name }) => name)
  const text = await formatted(page, pageOf(tasks, leftOut))
  console.log(text)
  if (given.write) writeFileSync(join(root, page), text)
  if (judge(tasks).beyond) process.exitCode = 1
}

async function explained(
  card: ModelCard,
  options: Pick<MeasureOptions, 'out' | 'threads' | 'cifar10'>,
): Promise<ExplainedTask[]> {
  const measured = await measureNetwork(card, settings, {
    ...options,
    onProgress: (event) => {
      if (event.kind === 'plan' && event.finished < event.units) {
        console.error(`${card.name}: ${event.layers} layers, ${event.cells} cells`)
      } else if (event.kind === 'warning') console.error(`Warning: ${event.message}`)
    },
  })
  return measured.map(explain)
}
