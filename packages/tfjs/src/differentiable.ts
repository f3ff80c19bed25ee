import * as tf from '@tensorflow/tfjs'
import {
  type ActivationGradients,
  InputError,
  type Layer,
  ModelError,
  type Objective,
  type Tensor,
  type TensorsByLayer,
} from '@loadbearing/core'
import type { OnnxModel } from '@loadbearing/onnx'
import { type Engine, type EngineOptions, openEngine } from './engine.ts'
import { openGraph } from './graph.ts'
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
  /** The gradient of the mean of the objective over the batch, with respect to the weights of some layers (all by default). */
  readonly gradients: (batch: Labelled, objective: Objective, layers?: readonly Layer[]) => Promise<TensorsByLayer>
  /** The same of every example for itself, in order, one after the other. */
  readonly exampleGradients: (
    batch: Labelled,
    objective: Objective,
    layers?: readonly Layer[],
  ) => AsyncIterable<TensorsByLayer>
  /**
   * The gradient of the sum of the objective over the batch, with respect to what every layer's first node reads and makes: of a
   * network that treats examples apart, each row is the gradient of its example's own objective.
   */
  readonly activationGradients: (
    batch: Labelled,
    objective: Objective,
  ) => Promise<ReadonlyMap<string, ActivationGradients>>
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
  const graph = openGraph(program, new Set(model.layers.map(({ name }) => name)), model.name)
  const stored = (layer: Layer, values: Tensor): tf.Tensor => tensorOf(program.stored(layer, values))
  const weights = new Map(model.layers.map((layer) => [layer.name, stored(layer, model.weight(layer))]))

  const feed = (examples: Tensor): ReadonlyMap<string, tf.Tensor> =>
    new Map([...program.feeds(examples)].map(([name, fed]) => [name, tensorOf(fed)]))
  const run = (fed: ReadonlyMap<string, tf.Tensor>, see?: (name: string, value: Value) => Value): tf.Tensor2D => {
    const { plain } = graph.run(new Map([...fed, ...weights]), model.output.name, see)
    const scores = tf.reshape<tf.Rank.R2>(plain, [-1, model.output.classes])
    return model.output.scores === 'logits' ? scores : tf.log(tf.maximum(scores, leastProbability))
  }
  const variablesOf = (layers: readonly Layer[]): tf.Tensor[] => layers.map(({ name }) => weights.get(name)!)
  /** A tensor that has the layout of the stored weight, in that of the layer. */
  const asRead = (layer: Layer, tensor: tf.Tensor): tf.Tensor => {
    const read = program.weightRead(layer)
    return graph.run(new Map([[layer.name, tensor]]), read).plain
  }
  const finish = async (layers: readonly Layer[], made: readonly tf.Tensor[]): Promise<TensorsByLayer> => {
    const read = await Promise.all(made.map(readTensor))
    tf.dispose([...made])
    return new Map(layers.map(({ name }, i) => [name, read[i]!]))
  }

  const gradients: Differentiable['gradients'] = async ({ examples, labels }, objective, layers = model.layers) => {
    checkLabels(model, examples, labels)
    const made = tf.tidy(() => {
      const fed = feed(examples)
      const gradient = tf.grads(() => tf.mean(objectiveOf(run(fed), labels, objective)))
      return gradient(variablesOf(layers)).map((each, i) => asRead(layers[i]!, each))
    })
    return finish(layers, made)
  }

  return {
    engine,
    async logits(examples) {
      const made = tf.tidy(() => run(feed(examples)))
      const read = await readTensor(made)
      made.dispose()
      return read
    },
    gradients,
    async *exampleGradients({ examples, labels }, objective, layers) {
      const size = examples.data.length / labels.length
      for (let i = 0; i < labels.length; i++) {
        const data = examples.data.subarray(i * size, (i + 1) * size)
        const example = { shape: [1, ...examples.shape.slice(1)], data }
        yield await gradients({ examples: example, labels: labels.subarray(i, i + 1) }, objective, layers)
      }
    },
    async activationGradients({ examples, labels }, objective) {
      checkLabels(model, examples, labels)
      const around = new Map(model.layers.map((layer) => [layer.name, model.tensorsAround(layer)]))
      const wanted = new Set([...around.values()].flatMap(({ input, output }) => [input, output]))
      const seen = tf.tidy(() => {
        const found: Record<string, tf.Tensor> = {}
        const fed = feed(examples)
        const gradient = tf.grad((anchor: tf.Tensor) => {
          const scores = run(fed, (name, value) => {
            if (!wanted.has(name)) return value
            return value.map((own) =>
              tap(own, anchor, (dy) => {
                found[name] = tf.keep(value.isChannelsLast ? tf.clone(Value.channelsLast(dy).plain) : tf.clone(dy))
              }),
            )
          })
          return tf.sum(objectiveOf(scores, labels, objective))
        })
        gradient(tf.scalar(0))
        return found
      })
      const read = new Map<string, Tensor>()
      for (const [name, tensor] of Object.entries(seen)) read.set(name, await readTensor(tensor))
      tf.dispose(seen)
      return new Map(
        [...around].map(([layer, { input, output }]) => [
          layer,
          { input: read.get(input)!, output: read.get(output)! },
        ]),
      )
    },
    async hessianProduct({ examples, labels }, direction) {
      checkLabels(model, examples, labels)
      const layers = model.layers.filter(({ name }) => direction.has(name))
      if (layers.length === 0) throw new InputError(`${model.name} has none of the layers of the direction.`)
      for (const { name, weightShape } of layers) checkShape(name, direction.get(name)!, weightShape)
      const made = tf.tidy(() => {
        const fed = feed(examples)
        const along = layers.map((layer) => stored(layer, direction.get(layer.name)!))
        const gradient = tf.grads(() => tf.mean(objectiveOf(run(fed), labels, 'loss')))
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
