import * as tf from '@tensorflow/tfjs'
import {
  type ActivationGradients,
  batchFirst,
  InputError,
  type Layer,
  type LogitObjective,
  ModelError,
  type Objective,
  sizeOf,
  type Tensor,
  type TensorsByLayer,
} from '@loadbearing/core'
import type { Constant, OnnxModel, Program } from '@loadbearing/onnx'
import { type Engine, type EngineOptions, openEngine } from './engine.ts'
import { type Hooks, openGraph, type See } from './graph.ts'
import { betweenBoth } from './multipliers.ts'
import { logSoftmax } from './log-softmax.ts'
import { objectiveOf } from './objective.ts'
import { tap } from './tap.ts'
import { readTensor, tensorOf } from './tensors.ts'
import { Value } from './value.ts'

/** Examples, and the true class of each. */
export interface Labelled {
  /** [n, …] */
  readonly examples: Tensor
  /** [n] */
  readonly labels: Int32Array
}

/** A network that can be differentiated. What it holds on the way is bounded by the batch that it is given. */
export interface Differentiable {
  /** What computes: to be recorded with every score. */
  readonly engine: Engine
  /** [n, classes] */
  readonly logits: (examples: Tensor) => Promise<Tensor>
  /**
   * The gradient of the mean of the objective over the batch, with respect to the weights of some layers (all by default).
   *
   * @param weights stand in for those of their layers
   * @throws InputError when a tensor of them has not the shape of its layer's weight
   */
  readonly gradients: (
    batch: Labelled,
    objective: Objective,
    layers?: readonly Layer[],
    weights?: TensorsByLayer,
  ) => Promise<TensorsByLayer>
  /** The same of every example for itself, in order, one after the other. */
  readonly exampleGradients: (
    batch: Labelled,
    objective: Objective,
    layers?: readonly Layer[],
    weights?: TensorsByLayer,
  ) => AsyncIterable<TensorsByLayer>
  /**
   * The gradient of the sum of the objective over the batch, with respect to what every layer's first node reads and makes: of a
   * network that treats examples apart, each row is the gradient of its example's own objective.
   */
  readonly activationGradients: (
    batch: Labelled,
    objective: Objective,
    weights?: TensorsByLayer,
  ) => Promise<ReadonlyMap<string, ActivationGradients>>
  /**
   * The same with respect to what one layer's first node makes, of a network in which it makes b + alpha (y − b), y what it makes of
   * the batch and b of `baseline`, [n, …]; all else sees the batch itself.
   */
  readonly outputGradients: (
    batch: Labelled,
    objective: Objective,
    layer: Layer,
    within: { readonly alpha: number; readonly baseline: Tensor },
  ) => Promise<Tensor>
  /**
   * DeepLIFT's multipliers of what every layer's first node makes (Shrikumar et al. 2017, doi:10.48550/arXiv.1704.02685, the rescale
   * rule): gradients of the sum of logits over the batch, but that the derivative of every node is averaged over the straight way
   * between what it reads of `baseline`, [n, …], and of the batch: of a function of one number, its slope between the two; of a
   * product, for either factor the mean of the other; of a maximum, for every place the share of the way on which it holds it. Softmax,
   * division and normalization are taken apart into such.
   *
   * @throws ModelError when the network has a node without such a rule
   */
  readonly outputMultipliers: (
    batch: Labelled,
    objective: LogitObjective,
    baseline: Tensor,
  ) => Promise<ReadonlyMap<string, Tensor>>
  /**
   * The gradient of the sum of the logits with respect to the weights of all layers, of the network in which these and every other
   * stored tensor of more than one float are replaced by their magnitudes, on one input of ones: a single number, such as a bound or
   * a divisor, is a setting, unless it is the bias or the scale of one channel.
   */
  readonly flowGradients: () => Promise<TensorsByLayer>
  /**
   * H·v, where H is the Hessian of the mean loss over the batch with respect to the weights of the layers in `direction`, and v is
   * that direction: the gradient of ⟨gradient, v⟩, exact but for rounding (Pearlmutter 1994, Fast exact multiplication by the
   * Hessian, doi:10.1162/neco.1994.6.1.147, differentiates forward instead of backward a second time). Steps of finite
   * differences would cross the kinks of ReLU and pooling, whose jumps of the gradient do not vanish with the step; here, as in
   * PyTorch, their second derivative is zero.
   *
   * @throws InputError when it is empty, or a tensor of it has not the shape of its layer's weight
   */
  readonly hessianProduct: (batch: Labelled, direction: TensorsByLayer) => Promise<TensorsByLayer>
  readonly release: () => void
}

/**
 * Opens a network for differentiation.
 *
 * @throws ModelError that lists every node that cannot be differentiated, or when the graph takes a fixed number of examples at
 *   once; EngineError when TensorFlow.js does not load
 */
export async function openDifferentiable(model: OnnxModel, options: EngineOptions = {}): Promise<Differentiable> {
  if (model.batch !== 'open') {
    throw new ModelError(`${model.name} takes ${model.batch} examples at a time; gradients need any number.`, {
      hint: 'Export the model with a dynamic batch dimension.',
    })
  }
  const engine = await openEngine(options)
  const program = model.program()
  const names = new Set(model.layers.map(({ name }) => name))
  const graph = openGraph(program, names, model.name)
  const stored = (layer: Layer, values: Tensor): tf.Tensor => tensorOf(program.stored(layer, values))
  const weights: ReadonlyMap<string, tf.Tensor> = new Map(
    model.layers.map((layer) => [layer.name, stored(layer, model.weight(layer))]),
  )

  const feed = (examples: Tensor): ReadonlyMap<string, tf.Tensor> =>
    new Map([...program.feeds(examples)].map(([name, fed]) => [name, tensorOf(fed)]))
  /** All weights, with some in place of the network's own. */
  const weightsWith = (given: TensorsByLayer): ReadonlyMap<string, tf.Tensor> => {
    const replaced = model.layers.filter(({ name }) => given.has(name))
    for (const { name, weightShape } of replaced) checkShape(name, given.get(name)!, weightShape)
    return new Map([...weights, ...replaced.map((each) => [each.name, stored(each, given.get(each.name)!)] as const)])
  }
  /**
   * What stands in front of a final softmax: gradients are of this. Of one number, that of the second class; the first has its negative,
   * half of it each.
   */
  const run = (given: ReadonlyMap<string, tf.Tensor>, hooks?: Hooks): tf.Tensor2D => {
    const { plain } = graph.run(given, model.output.logits, hooks)
    if (model.output.scores !== 'one probability') return tf.reshape<tf.Rank.R2>(plain, [-1, model.output.classes])
    return tf.mul(tf.reshape(plain, [-1, 1]), tf.tensor2d([[-0.5, 0.5]]))
  }
  const objectiveFor = (objective: Objective, labels: Int32Array, fed: ReadonlyMap<string, tf.Tensor>) => {
    // Of halves of opposite sign nothing would be left.
    if (objective === 'logit-sum' && model.output.scores === 'one probability') return secondLessFirst
    return objectiveOf(objective, labels, () => run(new Map([...fed, ...weights])))
  }
  /** The gradient of a sum with respect to tensors of the graph that the run shows, by name. */
  const tapped = (wanted: ReadonlySet<string>, summed: (see: See) => tf.Tensor): Record<string, tf.Tensor> => {
    const found: Record<string, tf.Tensor> = {}
    const gradient = tf.grad((anchor: tf.Tensor) =>
      tf.sum(
        summed((name, value) => {
          if (!wanted.has(name)) return value
          return value.map((own) => tap(own, anchor, (dy) => (found[name] = keepPlain(dy, value))))
        }),
      ),
    )
    gradient(tf.scalar(0))
    return found
  }
  const variablesOf = (layers: readonly Layer[], from = weights): tf.Tensor[] =>
    layers.map(({ name }) => from.get(name)!)
  /** A tensor that has the layout of the stored weight, in that of the layer. */
  const asRead = (layer: Layer, tensor: tf.Tensor): tf.Tensor => {
    const read = program.weightRead(layer)
    return graph.run(new Map([[layer.name, tensor]]), read).plain
  }
  /** What belongs to tensors of the graph, the batch in front as far as it has an axis. */
  const readRows = async (tensors: Readonly<Record<string, tf.Tensor>>): Promise<ReadonlyMap<string, Tensor>> => {
    const read = new Map<string, Tensor>()
    for (const [name, tensor] of Object.entries(tensors)) {
      read.set(name, batchFirst(await readTensor(tensor), model.batchAxis(name) ?? 0))
    }
    tf.dispose(tensors)
    return read
  }
  const finish = async (layers: readonly Layer[], made: readonly tf.Tensor[]): Promise<TensorsByLayer> => {
    const read = await Promise.all(made.map(readTensor))
    tf.dispose([...made])
    return new Map(layers.map(({ name }, i) => [name, read[i]!]))
  }

  const gradients: Differentiable['gradients'] = async (
    { examples, labels },
    objective,
    layers = model.layers,
    replaced = new Map(),
  ) => {
    checkLabels(model, examples, labels)
    const made = tf.tidy(() => {
      const at = weightsWith(replaced)
      const fed = feed(examples)
      const of = objectiveFor(objective, labels, fed)
      const gradient = tf.grads(() => tf.mean(of(run(new Map([...fed, ...at])))))
      return gradient(variablesOf(layers, at)).map((each, i) => asRead(layers[i]!, each))
    })
    return finish(layers, made)
  }

  return {
    engine,
    async logits(examples) {
      const made = tf.tidy(() => {
        const logits = run(new Map([...feed(examples), ...weights]))
        return model.output.logits === model.output.name
          ? logits
          : tf.maximum(logSoftmax(logits), Math.log(leastProbability))
      })
      const read = await readTensor(made)
      made.dispose()
      return read
    },
    gradients,
    async *exampleGradients({ examples, labels }, objective, layers, replaced) {
      const size = examples.data.length / labels.length
      for (let i = 0; i < labels.length; i++) {
        const data = examples.data.subarray(i * size, (i + 1) * size)
        const example = { shape: [1, ...examples.shape.slice(1)], data }
        yield await gradients({ examples: example, labels: labels.subarray(i, i + 1) }, objective, layers, replaced)
      }
    },
    async activationGradients({ examples, labels }, objective, replaced = new Map()) {
      checkLabels(model, examples, labels)
      const around = new Map(model.layers.map((layer) => [layer.name, model.tensorsAround(layer)]))
      const wanted = new Set([...around.values()].flatMap(({ input, output }) => [input, output]))
      const seen = tf.tidy(() => {
        const fed = feed(examples)
        const of = objectiveFor(objective, labels, fed)
        const given = new Map([...fed, ...weightsWith(replaced)])
        return tapped(wanted, (see) => of(run(given, { see })))
      })
      const read = await readRows(seen)
      return new Map(
        [...around].map(([layer, { input, output }]) => [
          layer,
          { input: read.get(input)!, output: read.get(output)! },
        ]),
      )
    },
    async outputGradients({ examples, labels }, objective, layer, { alpha, baseline }) {
      checkLabels(model, examples, labels)
      const { output } = model.tensorsAround(layer)
      const made = tf.tidy(() => {
        const from = graph.run(new Map([...feed(baseline), ...weights]), output)
        const fed = feed(examples)
        const of = objectiveFor(objective, labels, fed)
        const given = new Map([...fed, ...weights])
        const between = (value: Value): Value =>
          value.map((own) => {
            const start = value.isChannelsLast ? from.channelsLast : from.plain
            return tf.add(start, tf.mul(alpha, tf.sub(own, start)))
          })
        return tapped(new Set([output]), (see) =>
          of(run(given, { see: (name, value) => see(name, name === output ? between(value) : value) })),
        )
      })
      return (await readRows(made)).get(output)!
    },
    async outputMultipliers({ examples, labels }, objective, baseline) {
      checkLabels(model, examples, labels)
      const outputs = new Map(model.layers.map((layer) => [layer.name, model.tensorsAround(layer).output]))
      const wanted = new Set(outputs.values())
      const made = tf.tidy(() => {
        const before = new Map<string, Value>()
        run(new Map([...feed(baseline), ...weights]), {
          see(name, value) {
            before.set(name, value)
            return value
          },
        })
        const fed = feed(examples)
        const of = objectiveFor(objective, labels, fed)
        const given = new Map([...fed, ...weights])
        const { prepare, instead } = betweenBoth(wanted, before, model.name)
        run(given, { instead: prepare })
        return tapped(wanted, (see) => of(run(given, { see, instead })))
      })
      const read = await readRows(made)
      return new Map([...outputs].map(([layer, output]) => [layer, read.get(output)!]))
    },
    async flowGradients() {
      const flow = openGraph({ ...program, constants: magnitudesOf(program) }, names, model.name)
      try {
        const made = tf.tidy(() => {
          const at = new Map([...weights].map(([name, weight]) => [name, tf.abs(weight)]))
          const shape = [1, ...model.input.shape]
          const ones = feed({ shape, data: new Float32Array(sizeOf(shape)).fill(1) })
          const gradient = tf.grads(() => tf.sum(flow.run(new Map([...ones, ...at]), model.output.logits).plain))
          return gradient(variablesOf(model.layers, at)).map((each, i) => asRead(model.layers[i]!, each))
        })
        return await finish(model.layers, made)
      } finally {
        flow.release()
      }
    },
    async hessianProduct({ examples, labels }, direction) {
      checkLabels(model, examples, labels)
      const layers = model.layers.filter(({ name }) => direction.has(name))
      if (layers.length === 0) throw new InputError(`${model.name} has none of the layers of the direction.`)
      for (const { name, weightShape } of layers) checkShape(name, direction.get(name)!, weightShape)
      const made = tf.tidy(() => {
        const fed = feed(examples)
        const of = objectiveFor('loss', labels, fed)
        const given = new Map([...fed, ...weights])
        const along = layers.map((layer) => stored(layer, direction.get(layer.name)!))
        const gradient = tf.grads(() => tf.mean(of(run(given))))
        const product = tf.grads((...variables: tf.Tensor[]) =>
          tf.addN(gradient(variables).map((each, i) => tf.sum(tf.mul(each, along[i]!)))),
        )
        return product(variablesOf(layers)).map((each, i) => asRead(layers[i]!, each))
      })
      return finish(layers, made)
    },
    release() {
      graph.release()
      tf.dispose([...weights.values()])
    },
  }
}

/** The gradient with respect to a value, in the layout of ONNX, to outlive the tidy that it is computed in. */
function keepPlain(gradient: tf.Tensor, { isChannelsLast }: Value): tf.Tensor {
  return tf.keep(tf.clone(isChannelsLast ? Value.channelsLast(gradient).plain : gradient))
}

const secondLessFirst = (logits: tf.Tensor2D): tf.Tensor1D => {
  const [first, second] = tf.unstack(logits, 1) as [tf.Tensor1D, tf.Tensor1D]
  return tf.sub(second, first)
}

/** Where a number by itself is a parameter of one channel; where others read it, it is a setting. */
const readersOfParameters = new Set([
  'Add',
  'Conv',
  'ConvTranspose',
  'Gemm',
  'BatchNormalization',
  'InstanceNormalization',
  'LayerNormalization',
  'GroupNormalization',
  'PRelu',
])

function magnitudesOf({ constants, operations }: Program): ReadonlyMap<string, Constant> {
  const read = operations.filter(({ op }) => readersOfParameters.has(op)).flatMap(({ inputs }) => inputs)
  const parameters = new Set(read)
  const magnitude = (name: string, { shape, data }: Constant): Constant => {
    const isParameter = data.length > 1 || (shape.length > 0 && parameters.has(name))
    return data instanceof Float32Array && isParameter ? { shape, data: data.map(Math.abs) } : { shape, data }
  }
  return new Map([...constants].map(([name, constant]) => [name, magnitude(name, constant)]))
}

/** The smallest positive float32: where a Softmax underflows to 0, a logarithm that is finite. */
const leastProbability = 2 ** -149

function checkShape(layer: string, { shape }: Tensor, expected: readonly number[]): void {
  if (shape.join() === expected.join()) return
  throw new InputError(`Layer '${layer}' has shape [${expected.join(', ')}], not [${shape.join(', ')}].`)
}

function checkLabels(model: OnnxModel, { shape }: Tensor, labels: Int32Array): void {
  if (shape[0] !== labels.length) {
    throw new InputError(`There are ${shape[0] ?? 0} examples and ${labels.length} labels.`)
  }
  const wrong = labels.find((label) => !(label >= 0 && label < model.output.classes))
  if (wrong !== undefined) {
    throw new InputError(`${model.name} has ${model.output.classes} classes; there is no class ${wrong}.`)
  }
}
