import {
  layerLosses,
  loadPlugins,
  measure,
  type MeasuredTask,
  measuredTasks,
  type MeasureProgress,
  type ModelSource,
  perturbations,
  type Precision,
  type RegisteredPerturbation,
  representatives,
  type Shard,
  untilCeiling,
  zooSources,
} from '@loadbearing/bench'
import { findNamed, InputError, type Perturbation } from '@loadbearing/core'
import { Command, Option } from 'commander'
import pc from 'picocolors'
import { startFetching } from '../terminal/fetching.ts'
import { interruptible } from '../terminal/interruption.ts'
import { count, counted, duration, interval, points } from '../terminal/numbers.ts'
import { printResult, say } from '../terminal/output.ts'
import { type Progress, startProgress } from '../terminal/progress.ts'
import { table } from '../terminal/table.ts'
import { describeDecisions } from './decisions-text.ts'
import {
  cifar10Option,
  type CommonOptions,
  dataOptions,
  type DataOptions,
  nameOf,
  outOption,
  sourceFrom,
  threadsOption,
} from './options.ts'
import {
  ceiling,
  duration as parseDuration,
  moreNames,
  moreNumbers,
  number,
  positiveInteger,
  shard,
} from './parsing.ts'
import { pluginOption, warnOfPlugin } from './plugin-option.ts'

interface MeasureCommandOptions extends CommonOptions, DataOptions {
  readonly out: string
  readonly threads?: number
  readonly images?: number
  readonly repeats?: number
  readonly ceiling?: number
  readonly interval?: number
  readonly time?: number
  readonly shard?: Shard
  readonly perturbation?: string[]
  readonly intensity?: number[]
  readonly tolerance: number
  readonly cifar10?: string
  readonly plugin?: string[]
}

export function measureCommand(): Command {
  const command = new Command('measure')
    .description('measure the ground truth: the accuracy lost when one layer is perturbed; goes on where it stopped')
    .argument('[MODEL...]', 'zoo:NAME or the path of an ONNX file (default: the whole zoo)')
    .option(
      '--perturbation <names>',
      "what to perturb by, joined by commas: names, families, or 'all' (default: one of each family)",
      moreNames,
    )
    .addOption(pluginOption())
    .option('--intensity <n,…>', 'measure at these intensities instead of the grid', moreNumbers)
    .option('--ceiling <c>', 'measure until the order of the layers is this certain (default: 0.95)', ceiling)
    .option('--interval <width>', 'measure every cell until its loss is known to ± this, as 0.01 for a point', ceiling)
    .option(
      '--time <time>',
      'spend about so much on it, as 30m, 2h or 90s: the ceiling that there is time for',
      parseDuration,
    )
    .option('--shard <i/n>', 'measure one of n parts, each on a machine of its own, for dataset merge', shard)
    .option('--images <n>', 'test images: of every cell, or with --ceiling at most', positiveInteger)
    .option(
      '--repeats <n>',
      'draws of a stochastic perturbation: of every cell, or with --ceiling at most',
      positiveInteger,
    )
    .addOption(
      new Option('--tolerance <points>', 'the loss of accuracy that you accept, for the table')
        .argParser(number)
        .default(1),
    )
    .addOption(cifar10Option())
    .addOption(threadsOption())
    .addOption(outOption())
  for (const option of dataOptions()) command.addOption(option)
  command.addHelpText(
    'after',
    `
Examples:
  npx loadbearing measure zoo:lenet-fashion --perturbation bit-flip --tolerance 2
  npx loadbearing measure mine.onnx --data zoo:fashion-mnist --mean 0.286 --std 0.353
`,
  )
  return command.action(async (references: string[], options: MeasureCommandOptions) => {
    const chosen = await chosenPerturbations(options)
    const models = references.length > 0 ? references.map((each) => sourceFrom(each, options)) : await zooSources()
    const { time: seconds } = options
    const settings = { ...options, precision: precisionOf(options), ...(seconds !== undefined && { seconds }) }
    await measureWithProgress({ ...settings, models, perturbations: chosen })
    if (options.shard) {
      const { index, count: parts } = options.shard
      printResult(options.json, { shard: options.shard, out: options.out }, () =>
        [
          `Shard ${index}/${parts} is measured into ${options.out}.`,
          `When all are: npx loadbearing dataset merge <folders of the ${parts} shards> --out <folder>`,
        ].join('\n'),
      )
      return
    }
    const names = references.map(nameOf)
    const tasks = await measuredTasks(options.out, {
      ...(names.length > 0 && { models: names }),
      perturbations: chosen.map(({ plugin }) => plugin.name),
    })
    const tolerance = options.tolerance / 100
    printResult(
      options.json,
      tasks.map((task) => ({
        model: task.model.name,
        perturbation: task.perturbation.name,
        unit: task.perturbation.unit,
        intensities: task.perturbation.intensities.split(',').map(Number),
        tolerance,
        layers: layerLosses(task, tolerance),
      })),
      () => tasks.map((task) => describeLosses(task, options.tolerance)).join('\n\n'),
    )
  })
}

/** Images and repeats given are measured of everything; otherwise what the ceiling takes. */
function precisionOf({ images, repeats, ceiling: asked, interval: width, time }: MeasureCommandOptions): Precision {
  if (width !== undefined) {
    if (asked !== undefined || time !== undefined) {
      throw new InputError('--interval measures single cells, --ceiling and --time the order of the layers.', {
        hint: 'Leave out --interval, or the others.',
      })
    }
    return { kind: 'interval', width, images: images ?? 10_000, repeats: repeats ?? 1 }
  }
  const adaptive = asked !== undefined || time !== undefined || (images === undefined && repeats === undefined)
  if (!adaptive) return { kind: 'fixed', images: images ?? 500, repeats: repeats ?? 8 }
  return untilCeiling(asked ?? 0.95, { images: images ?? 10_000, repeats: repeats ?? 64 })
}

async function chosenPerturbations({
  perturbation: names,
  plugin: modules = [],
  intensity,
}: MeasureCommandOptions): Promise<RegisteredPerturbation[]> {
  const own: RegisteredPerturbation[] = []
  for (const specifier of modules) {
    warnOfPlugin(specifier)
    const { perturbations: found } = await loadPlugins(specifier)
    if (found.length === 0) {
      throw new InputError(`${specifier} exports no perturbation.`, {
        hint: 'Criteria are scored: npx loadbearing score --plugin.',
      })
    }
    own.push(...found)
  }
  const all = [...perturbations, ...own]
  const named = new Map(all.map((each) => [each.plugin.name, each]))
  const plugins = all.map(({ plugin }) => plugin)
  const chosen = names
    ? [...new Set(names.flatMap((name) => perturbationsCalled(name, plugins)))].map(({ name }) => named.get(name)!)
    : own.length > 0
      ? own
      : representatives
  if (intensity === undefined) return chosen
  if (chosen.length !== 1) {
    throw new InputError('Intensities are in the unit of one perturbation.', {
      hint: 'Name it with --perturbation, or leave out --intensity.',
    })
  }
  return chosen.map(({ plugin, module }) => ({
    module,
    plugin: { ...plugin, intensities: weakestFirst(intensity, plugin.intensities) },
  }))
}

/** 'all', those of a family, or the one of that name. */
function perturbationsCalled(name: string, plugins: readonly Perturbation[]): readonly Perturbation[] {
  if (name === 'all') return plugins
  const family = plugins.filter((plugin) => plugin.family === name)
  return family.length > 0 ? family : [findNamed('perturbation', name, plugins)]
}

/** Different intensities in the direction in which the grid grows stronger. */
function weakestFirst(intensities: readonly number[], grid: readonly number[]): number[] {
  const [weakest = 0] = grid
  const direction = (grid.at(-1) ?? weakest) < weakest ? -1 : 1
  return [...new Set(intensities)].sort((a, b) => direction * (a - b))
}

/** Measures, and says on stderr what is planned and how far it has come. Ctrl-C stops it without losing what is finished. */
export async function measureWithProgress({
  models,
  perturbations: chosen,
  out,
  precision,
  seconds,
  shard: its,
  threads,
  cifar10,
}: {
  readonly models: readonly ModelSource[]
  readonly perturbations: readonly RegisteredPerturbation[]
  readonly out: string
  readonly precision: Precision
  readonly seconds?: number
  readonly shard?: Shard
  readonly threads?: number
  readonly cifar10?: string | undefined
}): Promise<void> {
  const { onFetch, stop } = startFetching()
  let progress: Progress | undefined
  let narrowing = false
  const onProgress = (event: MeasureProgress): void => {
    if (event.kind === 'plan') {
      if (!narrowing) say(describePlan(event))
      progress = startProgress('Measuring', 1000, Math.floor(1000 * event.done))
    } else if (event.kind === 'decided') {
      progress?.stop()
      progress = undefined
      say(describeDecisions(event.pairs))
    } else if (event.kind === 'narrowed') {
      progress?.stop()
      progress = undefined
      narrowing = true
      say(`${counted(event.open, 'cell')} not narrow after ${count(event.images)} images.`)
    } else if (event.kind === 'unit') progress?.update(Math.floor(1000 * event.done), `${event.model}, ${event.layer}`)
    else say(event.kind === 'note' ? event.message : `${pc.yellow('Warning:')} ${event.message}`)
  }
  await interruptible(async (signal) => {
    try {
      const settings = { models, perturbations: chosen, out, precision, cifar10, signal, onProgress, onFetch }
      await measure({
        ...settings,
        ...(seconds !== undefined && { seconds }),
        ...(its && { shard: its }),
        ...(threads !== undefined && { threads }),
      })
    } finally {
      stop()
      progress?.stop()
    }
  })
}

function describePlan(plan: Extract<MeasureProgress, { kind: 'plan' }>): string {
  const { models, layers, cells, forwards, done, seconds, threads, memory } = plan
  const measured = [counted(models, 'model'), counted(layers, 'layer'), counted(cells, 'cell')].join(', ')
  if (done === 1) return `${measured}: all measured.`
  const left = `${count(forwards)} forward passes to go, about ${duration(seconds)} on ${counted(threads, 'thread')} with at most about ${Math.ceil(memory / 1e6)} MB of memory`
  return done === 0 ? `${measured}: ${left}.` : `${measured}: ${Math.floor(100 * done)} % is there; ${left}.`
}

function describeLosses(task: MeasuredTask, tolerance: number): string {
  const { model, perturbation } = task
  const losses = layerLosses(task, tolerance / 100)
  const grid = perturbation.intensities.split(',')
  const live = task.measured.live.map((level) => grid[level]!)
  const safe = losses.filter(({ safeUpTo }) => safeUpTo !== null)
  const clean = `${points(model.clean_correct / model.images)} % of ${count(model.images)} images`
  const within = `${tolerance} ${tolerance === 1 ? 'point' : 'points'}`
  return [
    `${pc.bold(model.name)} under ${pc.bold(perturbation.name)}: points of accuracy lost, from ${clean}.`,
    live.length > 0
      ? `Lost: mean over the live intensities ${live.join(', ')} (${perturbation.unit}).`
      : `No intensity is live: everywhere the layers lose less than 2 points on average, or more than 50 (${perturbation.unit}).`,
    '',
    table(
      [
        { title: 'layer' },
        { title: 'lost', align: 'right' },
        { title: '95 % interval' },
        { title: 'safe up to', align: 'right' },
        ...grid.map((intensity) => ({ title: `at ${intensity}`, align: 'right', spare: true }) as const),
      ],
      losses.map(({ layer, pooled: truth, levels, safeUpTo }) => [
        layer,
        points(truth?.value ?? null),
        interval(truth?.low ?? null, truth?.high ?? null, points),
        safeUpTo === null ? '–' : String(safeUpTo),
        ...levels.map((level) => points(level?.value ?? null)),
      ]),
    ),
    '',
    safe.length === 0
      ? `No layer is safe within ${within}, even at the weakest intensity.`
      : `Safe within ${within}, by the upper end of the interval: ${safe.length} of ${losses.length} layers, each up to the intensity shown.`,
  ].join('\n')
}
