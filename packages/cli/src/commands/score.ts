import {
  criteria,
  loadPlugins,
  type Passes,
  type RegisteredCriterion,
  score,
  type ScoreProgress,
} from '@loadbearing/bench'
import { findNamed, InputError } from '@loadbearing/core'
import { Command } from 'commander'
import { startFetching } from '../terminal/fetching.ts'
import { interruptible } from '../terminal/interruption.ts'
import { bytes, count, duration } from '../terminal/numbers.ts'
import { printResult, say } from '../terminal/output.ts'
import { type Progress, startProgress } from '../terminal/progress.ts'
import { table } from '../terminal/table.ts'
import { batchOption, cifar10Option, type CommonOptions, memoryOption, nameOf, outOption } from './options.ts'
import { moreNames, moreTexts } from './parsing.ts'
import { pluginOption, warnOfPlugin } from './plugin-option.ts'

interface ScoreCommandOptions extends CommonOptions {
  readonly out: string
  readonly cifar10?: string
  readonly criterion?: string[]
  readonly plugin?: string[]
  readonly option?: string[]
  readonly batch?: number
  readonly memory: boolean
}

export function scoreCommand(): Command {
  return new Command('score')
    .description('score the layers of measured models by criteria, on calibration images; nothing is measured again')
    .argument('[MODEL...]', 'measured models, by name or as they were named to measure (default: all)')
    .option('--criterion <names>', 'the criteria, joined by commas (default: all, or those of --plugin)', moreNames)
    .addOption(pluginOption())
    .option('--option <criterion.option=value>', 'an option of a criterion; may be repeated', moreTexts)
    .addOption(batchOption())
    .addOption(memoryOption())
    .addOption(cifar10Option())
    .addOption(outOption())
    .addHelpText(
      'after',
      `
Examples:
  npx loadbearing score --plugin ./mine.ts            a criterion of your own; npx loadbearing rank places it
  npx loadbearing score --criterion bounded-kl --option bounded-kl.forwards=80
`,
    )
    .action(async (references: string[], options: ScoreCommandOptions) => {
      const chosen = withOptions(await chosenCriteria(options), options.option ?? [])
      const models = references.map(nameOf)
      const results = await scoreWithProgress(options.out, chosen, {
        ...(models.length > 0 && { models }),
        cifar10: options.cifar10,
        batch: options.batch,
        memory: options.memory,
      })
      printResult(options.json, results, () => describeScores(results))
    })
}

/** The criteria of modules of someone's own. @throws InputError when one has none, and as `loadPlugins` does */
export async function criteriaOf(modules: readonly string[]): Promise<RegisteredCriterion[]> {
  const own: RegisteredCriterion[] = []
  for (const specifier of modules) {
    warnOfPlugin(specifier)
    const { criteria: found } = await loadPlugins(specifier)
    if (found.length === 0) {
      throw new InputError(`${specifier} exports no criterion.`, {
        hint: 'Perturbations are measured: npx loadbearing measure --plugin.',
      })
    }
    own.push(...found)
  }
  return own
}

async function chosenCriteria({
  criterion: names,
  plugin: modules = [],
}: ScoreCommandOptions): Promise<RegisteredCriterion[]> {
  const own = await criteriaOf(modules)
  const all = [...criteria, ...own]
  if (names === undefined) return own.length > 0 ? own : all
  const plugins = all.map(({ plugin }) => plugin)
  return names.map((name) => all[plugins.indexOf(findNamed('criterion', name, plugins))]!)
}

function withOptions(
  chosen: readonly RegisteredCriterion[],
  given: readonly string[],
): (RegisteredCriterion & { options: Record<string, unknown> })[] {
  const scored = chosen.map((criterion): RegisteredCriterion & { options: Record<string, unknown> } => ({
    ...criterion,
    options: {},
  }))
  for (const text of given) {
    const [, name = '', option = '', value = ''] = /^([^.=]+)\.([^.=]+)=(.*)$/.exec(text) ?? []
    if (option === '') {
      throw new InputError(`'${text}' is no option of a criterion.`, {
        hint: 'Write criterion.option=value, e.g. bounded-kl.forwards=80; npx loadbearing criteria lists them.',
      })
    }
    const plugins = scored.map(({ plugin }) => plugin)
    scored[plugins.indexOf(findNamed('criterion', name, plugins))]!.options[option] = asJson(value)
  }
  return scored
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** What one criterion did on one model. */
type Scored = Pick<
  ScoreProgress,
  'criterion' | 'model' | 'scored' | 'failed' | 'reason' | 'capped' | 'engine' | 'seconds' | 'peakMemory'
>

interface Results {
  readonly scores: readonly Scored[]
  /** By model: images that it was run on, and that its criteria asked for. */
  readonly passes: readonly { readonly model: string; readonly passes: Passes }[]
}

/** Scores, and says on stderr how far it has come. Ctrl-C stops it without losing what is finished. */
export async function scoreWithProgress(
  out: string,
  chosen: Parameters<typeof score>[0]['criteria'],
  more: Pick<Parameters<typeof score>[0], 'models' | 'onlyMissing' | 'cifar10' | 'batch' | 'memory' | 'threads'> = {},
): Promise<Results> {
  let progress: Progress | undefined
  const { onFetch, stop } = startFetching()
  const scores: Scored[] = []
  const passes: { model: string; passes: Passes }[] = []
  const unweighed: { criterion: string; model: string; failure: string }[] = []
  let steps = 0
  const advance = (pairs: number, label: string): void => {
    progress ??= startProgress('Scoring', more.memory ? 2 * pairs : pairs)
    progress.update(++steps, label)
  }
  try {
    await interruptible((signal) =>
      score({
        out,
        criteria: chosen,
        ...more,
        signal,
        onFetch,
        onMemory({ pairs, memory, ...its }) {
          advance(pairs, `${its.model}, memory of ${its.criterion}`)
          if ('failure' in memory) unweighed.push({ ...its, failure: memory.failure })
        },
        onProgress({ pairs, finished: _, ...scored }) {
          advance(pairs, `${scored.model}, ${scored.criterion}`)
          scores.push(scored)
        },
        onModel: (model, its) => passes.push({ model, passes: its }),
      }),
    )
  } finally {
    stop()
    progress?.stop()
  }
  for (const { criterion, model, failed, reason } of scores) {
    if (failed > 0) say(`${criterion} failed on ${failed} layers of ${model}: ${reason ?? ''}`)
  }
  for (const { criterion, model, failure } of unweighed) {
    say(`What ${criterion} takes of memory on ${model} is not known: ${failure}.`)
  }
  return { scores, passes }
}

function describeScores({ scores: results, passes }: Results): string {
  const names = [...new Set(results.map(({ criterion }) => criterion))]
  const lines = names.map((name) => {
    const own = results.filter(({ criterion }) => criterion === name)
    return [
      name,
      String(own.length),
      String(sum(own.map(({ scored }) => scored))),
      String(sum(own.map(({ failed }) => failed))),
      String(sum(own.map(({ capped }) => capped))),
      duration(sum(own.map(({ seconds }) => seconds))),
      mostMemory(own),
      [...new Set(own.flatMap(({ engine }) => engine ?? []))].join(', '),
    ]
  })
  return [
    table(
      [
        { title: 'criterion' },
        { title: 'models', align: 'right' },
        { title: 'scores', align: 'right' },
        { title: 'failed', align: 'right' },
        { title: 'capped', align: 'right' },
        { title: 'time', align: 'right' },
        { title: 'memory', align: 'right' },
        { title: 'engine' },
      ],
      lines,
    ),
    '',
    ...describePasses(passes),
    'npx loadbearing rank places them on the table.',
  ].join('\n')
}

/** The most on any model; a dash where it was not measured on one. */
function mostMemory(scores: readonly Scored[]): string {
  const known = scores.flatMap(({ peakMemory }) => peakMemory ?? [])
  return known.length < scores.length ? '–' : bytes(Math.max(...known))
}

/** What criteria had in common; nothing where no image was asked for twice. */
function describePasses(models: Results['passes']): string[] {
  const all = models.flatMap(({ passes }) => Object.values(passes))
  const [run, asked] = [sum(all.map((its) => its.run)), sum(all.map((its) => its.asked))]
  if (run === asked) return []
  return [`Criteria share passes: ${count(run)} images went through a network where ${count(asked)} were asked for.`]
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
