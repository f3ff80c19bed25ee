import {
  type AnyCriterion,
  type GradientOptions,
  type HostContext,
  type Inputs,
  type Layer,
  type Objective,
  type PassOptions,
  type Perturbation,
  perturb,
  PluginError,
  randomSigns,
  type Rng,
  rngFrom,
  type Tensor,
  type TensorsByLayer,
} from '@loadbearing/core'
import { type Effort, forwardEngine } from './cost.ts'
import type { BenchModel } from './model.ts'
import {
  type Batch,
  type NetworkPasses,
  openPasses,
  type PassKind,
  passKinds,
  type Selection,
} from './network-passes.ts'
import { criterionStream, protocol } from './seeds.ts'
import type { Ask } from './side-by-side.ts'

/** The perturbation and level that a perturbation-aware criterion is scored for. */
export interface Level {
  readonly perturbation: Perturbation
  readonly intensity: number
}

/** Offers criteria what they may ask for about one model, on calibration images alone. */
export interface Host {
  readonly offer: (criterion: Pick<AnyCriterion, 'name' | 'version'>) => Offer
  /** Images that the network was run on, and those that it was asked to be run on, by what for. */
  readonly passes: () => Passes
  readonly release: () => Promise<void>
}

/** What one criterion is given, and what it has asked of engines so far: all of it, whoever else asked for the same. */
export interface Offer {
  /** @param ask has a pass run once for all criteria that ask for it at the same time; from then on, also for earlier contexts */
  readonly context: (ask: Ask, level?: Level) => HostContext
  readonly effort: () => Effort
}

export type Passes = Readonly<Record<PassKind, { readonly run: number; readonly asked: number }>>

export interface HostOptions {
  /** Every layer's weight before training, for perturbations that need it. */
  readonly initial?: ReadonlyMap<string, Tensor> | undefined
  /** Images that an engine is given at once, 64 by default; those of `logits` and of a probe, whose fronts are kept, are given together. */
  readonly batch?: number | undefined
}

/** Engines open when they are first asked for, so that a criterion pays for what it uses. */
export async function openHost(
  model: BenchModel,
  { initial = new Map(), batch = 64 }: HostOptions = {},
): Promise<Host> {
  const { onnx } = model
  const network = await openPasses(model)
  const perturbed = perturbedWeights(model, initial)
  const signs = lastSigns(model)
  const asked = Object.fromEntries(passKinds.map((kind) => [kind, 0])) as Record<PassKind, number>

  const offer: Host['offer'] = ({ name, version }) => {
    const streamOf = (...names: readonly (string | number)[]): Rng =>
      rngFrom(protocol, 'criterion', onnx.sha256, name, version, ...names)
    const effort = startEffort(asked)
    const remembered = new Map<string, unknown>()
    const once = async <T>(key: string, compute: (rng: Rng) => T | Promise<T>): Promise<T> => {
      if (!remembered.has(key)) remembered.set(key, compute(streamOf('once', key)))
      return remembered.get(key) as T | Promise<T>
    }
    let asking: Ask
    /** Asks the latest: what `once` made at one level may ask at another. */
    const ask: Ask = (key, compute) => asking(key, compute)
    return {
      effort: effort.read,
      context(its, level) {
        asking = its
        return {
          layers: onnx.layers,
          rng: level ? streamOf(level.perturbation.name, level.perturbation.version, level.intensity) : streamOf(),
          examples: network.examples,
          identity: { model: onnx.sha256 },
          weights: { weights: onnx.weight },
          labels: { labels: network.labels },
          ...forwards(network, effort, ask, batch),
          ...backwards(network, effort, ask, batch, signs),
          ...(level && {
            perturbation: { ...level, perturbed: (layer, draw = 0) => perturbed(level, layer, draw), once },
          }),
        }
      },
    }
  }

  return {
    offer,
    passes: () =>
      Object.fromEntries(passKinds.map((kind) => [kind, { run: network.run[kind], asked: asked[kind] }])) as Passes,
    release: network.release,
  }
}

/** Forward and backward passes of one image. */
interface Passing {
  readonly forwards: number
  readonly backwards: number
}

interface Counted {
  readonly count: number
  /** Different images that have been asked for with it; none where it is noise. */
  readonly images: number
}

/** Counts what one criterion asks of engines, and adds it to what all have asked. */
interface EffortMeter {
  readonly add: (kind: PassKind, inputs: Counted, passing: Passing, engine: string) => void
  readonly read: () => Effort
}

function startEffort(asked: Record<PassKind, number>): EffortMeter {
  const engines = new Set<string>()
  const effort = { examples: 0, forwards: 0, backwards: 0 }
  return {
    add(kind, { count, images }, passing, engine) {
      asked[kind] += count
      effort.forwards += passing.forwards * count
      effort.backwards += passing.backwards * count
      effort.examples = Math.max(effort.examples, images)
      engines.add(engine)
    },
    read: () => ({ ...effort, engine: engines.size === 0 ? null : [...engines].join(', ') }),
  }
}

function forwards(
  network: NetworkPasses,
  effort: EffortMeter,
  ask: Ask,
  batch: number,
): Pick<HostContext, 'activations' | 'logits' | 'perturbedForward'> {
  const engine = forwardEngine()
  let front = ''
  /** The inputs as they are, and as a word. Pays for the network's front on them, where this criterion did not have it last. */
  const advance = (asked: Inputs): { inputs: Selection; counted: Counted; word: string } => {
    const inputs = selectionOf(asked, network.examples)
    const isNoise = 'noise' in inputs
    const counted = isNoise ? { count: inputs.noise, images: 0 } : countOf(inputs)
    const word = JSON.stringify(inputs)
    if (front !== word) effort.add('logits', counted, onlyForward, engine)
    front = word
    return { inputs, counted, word }
  }
  return {
    activations: {
      async *activations(options = {}) {
        for (const images of batchesOf(network, options, batch)) {
          effort.add('activations', countOf(images), onlyForward, engine)
          yield await ask(keyOf('activations', images), () => network.activations(images))
        }
      },
    },
    logits: {
      logits: async (asked = network.examples) => {
        const { inputs, word } = advance(asked)
        return ask(`logits ${word}`, () => network.logits(inputs))
      },
    },
    perturbedForward: {
      perturbedForward: async (layer, weight, asked) => {
        const { inputs, counted, word } = advance(asked)
        effort.add('perturbedForwards', counted, onlyForward, engine)
        return ask(`perturbedForwards ${word} ${layer.name} ${identityOf(weight)}`, () =>
          network.perturbedForward(inputs, layer, weight),
        )
      },
    },
  }
}

function backwards(
  network: NetworkPasses,
  effort: EffortMeter,
  ask: Ask,
  batch: number,
  signs: (draw: number) => TensorsByLayer,
): Pick<Required<HostContext>, 'gradients' | 'hessian'> {
  const pass = async <T>(
    kind: PassKind,
    images: Batch,
    passing: Passing,
    of: string,
    run: () => Promise<T>,
  ): Promise<T> => {
    const value = await ask(keyOf(kind, images, of), run)
    effort.add(kind, countOf(images), passing, await network.backwardEngine())
    return value
  }
  /** What a gradient is of, as a word. */
  const nameOf = ({ objective = 'loss', weights = new Map() }: GradientOptions): string =>
    [nameOfObjective(objective), ...[...weights].flatMap(([layer, weight]) => [layer, identityOf(weight)])].join(' ')
  /** A divergence also needs what the network predicts with its own weights. */
  const passingOf = ({ objective }: GradientOptions): Passing =>
    objective === 'divergence' ? { forwards: 2, backwards: 1 } : thereAndBack

  return {
    gradients: {
      async *gradients(options = {}) {
        const { objective = 'loss', weights } = options
        for (const images of batchesOf(network, options, batch)) {
          const gradients = await pass('gradients', images, passingOf(options), nameOf(options), () =>
            network.gradients('gradients', images, objective, weights),
          )
          yield { examples: images.end - images.start, gradients }
        }
      },
      async *exampleGradients(options = {}) {
        const { objective = 'loss', weights } = options
        for (const image of batchesOf(network, options, 1)) {
          yield await pass('exampleGradients', image, passingOf(options), nameOf(options), () =>
            network.gradients('exampleGradients', image, objective, weights),
          )
        }
      },
      async *activationGradients(options = {}) {
        const { objective = 'loss', weights } = options
        for (const images of batchesOf(network, options, batch)) {
          const gradients = await pass('activationGradients', images, passingOf(options), nameOf(options), () =>
            network.activationGradients(images, objective, weights),
          )
          yield { examples: images.end - images.start, gradients }
        }
      },
      async *outputGradients(layer, within, options = {}) {
        const of = [nameOf(options), layer.name, JSON.stringify(within)].join(' ')
        // The baseline goes forward, too.
        const { forwards, backwards } = passingOf(options)
        const passing = { forwards: forwards + 1, backwards }
        for (const images of batchesOf(network, options, batch)) {
          yield await pass('outputGradients', images, passing, of, () =>
            network.outputGradients(images, options.objective ?? 'loss', layer, within),
          )
        }
      },
      async *outputMultipliers(baseline, options = {}) {
        const { objective = 'true-logit' } = options
        // The baseline, the example for the slopes between both, and once more for what is differentiated.
        const passing = { forwards: 3, backwards: 1 }
        for (const images of batchesOf(network, options, batch)) {
          const of = `${nameOfObjective(objective)} from ${JSON.stringify(baseline)} ${images.of}`
          yield await pass('outputMultipliers', images, passing, of, () =>
            network.outputMultipliers(images, objective, baseline),
          )
        }
      },
      flowGradients: () =>
        pass('flowGradients', { start: 0, end: 1, of: 1 }, thereAndBack, '', () => network.flowGradients()),
    },
    hessian: {
      signs,
      async hessianProduct(direction, count = network.examples) {
        const sums = new Map<string, Float64Array>()
        // Back, and back through both passes.
        const passing = { forwards: 1, backwards: 2 }
        for (const images of batchesOf(network, { examples: count }, batch)) {
          const share = (images.end - images.start) / images.of
          const product = await pass('hessianProducts', images, passing, identityOf(direction), () =>
            network.hessianProduct(images, direction),
          )
          for (const [layer, { data }] of product) {
            const sum = sums.get(layer) ?? new Float64Array(data.length)
            for (let i = 0; i < data.length; i++) sum[i]! += share * data[i]!
            sums.set(layer, sum)
          }
        }
        return new Map(
          [...sums].map(([layer, sum]) => [
            layer,
            { shape: direction.get(layer)!.shape, data: Float32Array.from(sum) },
          ]),
        )
      },
    },
  }
}

const nameOfObjective = (objective: Objective): string =>
  typeof objective === 'string' ? objective : `logit ${objective.logit}`

const countOf = ({ start, end }: Pick<Batch, 'start' | 'end'>): Counted => ({ count: end - start, images: end })
const onlyForward: Passing = { forwards: 1, backwards: 0 }
const thereAndBack: Passing = { forwards: 1, backwards: 1 }

/** The first images of a pass, at most `size` at once. */
function* batchesOf(
  network: NetworkPasses,
  { examples = network.examples, path }: PassOptions,
  size: number,
): Generator<Batch> {
  const of = Math.min(examples, network.examples)
  for (let start = 0; start < of; start += size) yield { start, end: Math.min(start + size, of), of, path }
}

function selectionOf(inputs: Inputs, all: number): Selection {
  if (typeof inputs === 'number') return { start: 0, end: Math.min(inputs, all) }
  if ('noise' in inputs) return inputs
  return { start: inputs.from, end: Math.min(inputs.from + inputs.count, all) }
}

/** A pass as a word, the same for all who ask for the same. How many images it is part of matters to baselines alone. */
function keyOf(kind: PassKind, { start, end, of, path }: Batch, ...what: readonly string[]): string {
  return [kind, start, end, path ? `${JSON.stringify(path)} ${of}` : '', ...what].join(' ')
}

const identities = new WeakMap<object, string>()
let identified = 0

/** A word for this very object. */
function identityOf(object: object): string {
  const known = identities.get(object) ?? `object ${identified++}`
  identities.set(object, known)
  return known
}

/** Draws of random signs: those of the last draw are kept for the next who asks, as those who draw together do. */
function lastSigns({ onnx }: BenchModel): (draw: number) => TensorsByLayer {
  let last: { readonly draw: number; readonly signs: TensorsByLayer } | undefined
  return (draw) => {
    if (last?.draw !== draw)
      last = { draw, signs: randomSigns(onnx.layers, rngFrom(protocol, 'signs', onnx.sha256, draw)) }
    return last.signs
  }
}

/** Draws of a level's perturbation: the same tensor for all who ask for it, as long as the level lasts. */
function perturbedWeights(
  { onnx }: BenchModel,
  initial: ReadonlyMap<string, Tensor>,
): (level: Level, layer: Layer, draw: number) => Tensor {
  let drawn: { readonly level: Level; readonly weights: Map<string, Tensor> } | undefined
  return (level, layer, draw) => {
    const { perturbation, intensity } = level
    if (perturbation.target !== 'weights') {
      throw new PluginError(`${perturbation.name} perturbs activations: it leaves the weights as they are.`)
    }
    if (drawn?.level !== level) drawn = { level, weights: new Map() }
    const name = `${draw} ${layer.name}`
    const weight =
      drawn.weights.get(name) ??
      perturb(perturbation, onnx.weight(layer), intensity, {
        rng: criterionStream({ model: onnx.sha256, layer, perturbation, intensity }, draw),
        layer,
        initial: initial.get(layer.name),
      })
    drawn.weights.set(name, weight)
    return weight
  }
}
