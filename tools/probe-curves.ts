/**
 * Scores every probe at several budgets on the ground truth of a dataset folder, and shows what more forwards are worth. The folder stays
 * as it is: it works on a copy of its truth.
 *
 *   npm run probe-curves -- FOLDER                     prints the page; goes on where it stopped
 *   npm run probe-curves -- FOLDER --write             also writes docs/probe-curves.md and its pictures
 *   npm run probe-curves -- FOLDER --model a,b         on these networks alone
 *   npm run probe-curves -- FOLDER --out some-folder   where the copy and its scores are kept (default: .probe-curves)
 *   npm run probe-curves -- FOLDER --cifar10 folder    CIFAR-10 in its official binary version, in place of fetching it
 */
import { existsSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { criteria, machine, rank, type Ranked, type RegisteredCriterion, score } from '@loadbearing/bench'
import { InputError } from '@loadbearing/core'
import type { TruthKind } from '@loadbearing/ranking'
import { formatted } from './generated-file.ts'
import { markdownTable } from './markdown-table.ts'
import { type Curve, plot } from './probe-curves/plot.ts'
import { sharingForwards } from './probe-curves/shared-forwards.ts'
import { runTool } from './run-tool.ts'

const root = join(import.meta.dirname, '..')
const page = 'docs/probe-curves.md'
const budgets = [5, 10, 20, 40, 80, 160]
const line = 'bounded-kl'

/** What a dataset folder holds of its truth, and the plan by which it was measured. */
const truth = [
  ...['models', 'layers', 'perturbations', 'efforts', 'sensitivity', 'intervals', 'outcomes'].map(
    (name) => `${name}.arrow`,
  ),
  join('.measure', 'plan.json'),
]

await runTool(run)

async function run(): Promise<void> {
  const { values: given, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      write: { type: 'boolean', default: false },
      model: { type: 'string' },
      out: { type: 'string', default: join(root, '.probe-curves') },
      cifar10: { type: 'string' },
    },
  })
  const [folder] = positionals
  if (folder === undefined) {
    throw new InputError('No dataset folder was named.', { hint: 'npm run probe-curves -- FOLDER' })
  }
  const { out, cifar10 } = given
  const models = given.model?.split(',')
  if (!existsSync(join(out, 'sensitivity.arrow'))) await copyTruth(folder, out)

  const probes = criteria.filter(({ plugin }) => 'forwards' in plugin.options.shape)
  const share = sharingForwards()
  const spending = budgets.toReversed().flatMap((forwards) =>
    probes.map(({ plugin, module }) => ({
      plugin: share({ ...plugin, name: nameOf(plugin.name, forwards) }),
      module,
      options: { forwards },
    })),
  )
  await score({
    out,
    criteria: spending,
    onlyMissing: true,
    cifar10,
    ...(models && { models }),
    onProgress: ({ finished, pairs, model, criterion, seconds }) =>
      process.stderr.write(`${finished} of ${pairs}: ${model}, ${criterion}, ${seconds.toFixed(1)} s\n`),
  })
  const ranked = await rank({ out, ...(models && { models }) })
  const text = await formatted(page, pageOf(ranked, probes))
  console.log(text)
  if (!given.write) return
  writeFileSync(join(root, page), text)
  for (const theme of ['light', 'dark'] as const) {
    const curves = curvesOf(ranked, probes, 'accuracy-drop')
    writeFileSync(join(root, `docs/pictures/probe-curves-${theme}.svg`), plot(budgets, curves, line, theme))
  }
}

async function copyTruth(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    filter: (path) => {
      const within = relative(from, path)
      return within === '' || truth.some((file) => file === within || file.startsWith(join(within, '/')))
    },
  })
}

function nameOf(probe: string, forwards: number): string {
  return `${probe}-${forwards}`
}

/** Best first, by what they reach with most to spend. */
function curvesOf({ leaderboards }: Ranked, probes: readonly RegisteredCriterion[], kind: TruthKind): Curve[] {
  const shares = new Map(leaderboards[kind].probe.map(({ criterion, share }) => [criterion, share]))
  return probes
    .map(({ plugin: { name } }) => ({
      name,
      shares: budgets.map((forwards) => shares.get(nameOf(name, forwards)) ?? null),
    }))
    .sort((a, b) => (b.shares.at(-1) ?? -Infinity) - (a.shares.at(-1) ?? -Infinity))
}

function pageOf(ranked: Ranked, probes: readonly RegisteredCriterion[]): string {
  const { processor, platform, node, engine } = machine()
  const counting = (kind: TruthKind) => ranked.tasks.filter((its) => its.truth === kind && its.task.counts)
  const networks = new Set(counting('accuracy-drop').map(({ task }) => task.model))
  const perturbations = new Set(counting('accuracy-drop').map(({ task }) => task.perturbation))
  const table = (kind: TruthKind): string =>
    markdownTable(
      ['probe', ...budgets.map((forwards): [string] => [String(forwards)])],
      curvesOf(ranked, probes, kind).map(({ name, shares }) => [
        name === line ? `**${name}**` : name,
        ...shares.map((share) => (share === null ? '–' : share.toFixed(3))),
      ]),
    )
  return `# What more forwards are worth

<!-- Generated by \`npm run probe-curves -- FOLDER --write\`. Do not edit. -->

A probe perturbs a layer and runs the network on a few calibration images. Its price is the forwards of one image that it spends on
a layer at an intensity; twice as many, split over two draws where draws differ, cost twice as much. A pass of \`kl-gradient\` serves all layers
at once, and runs on as many images as they pay for together, a backward pass counted as two forwards. What a probe is worth is the
share of the noise ceiling that it reaches, aggregated as the leaderboard is. The plain sweep of \`${line}\` is the line to beat.

<picture>
  <source media="(prefers-color-scheme: dark)" srcset="pictures/probe-curves-dark.svg">
  <img alt="Share of the noise ceiling of every probe against the forwards that it spends." src="pictures/probe-curves-light.svg">
</picture>

## By the loss of accuracy

${table('accuracy-drop')}

${counting('accuracy-drop').length} tasks of ${networks.size} networks and ${perturbations.size} perturbations count: ${[...networks].join(', ')}; ${[...perturbations].join(', ')}.

## By bounded KL

What joint allocation uses; \`${line}\` measures the very same thing here, on fewer images.

${table('bounded-kl')}

${counting('bounded-kl').length} tasks count.

Ran on ${processor} (${platform}), Node ${node}, ${engine}.
`
}
