import type { LogitObjective, Objective } from './gradients.ts'
import type { Tensor } from './tensor.ts'

// One example at a time through fully connected layers with ReLU between them, each weight [outputs, inputs].

type Vector = readonly number[]

/** The gradients of one example's objective, layer by layer. */
export interface ExampleGradients {
  /** [outputs · inputs] */
  readonly weights: Vector[]
  /** With respect to what a layer reads. */
  readonly inputs: Vector[]
  /** With respect to what it makes, before ReLU. */
  readonly outputs: Vector[]
}

/** The layer of this depth makes what lies between what it makes of a baseline and its own. */
export interface Between {
  readonly depth: number
  readonly alpha: number
  readonly baseline: Vector
}

/**
 * Back-propagation.
 *
 * @param own logits of the network with its own weights, from which a divergence is one
 */
export function gradientsOf(
  weights: readonly Tensor[],
  input: Vector,
  label: number,
  objective: Objective,
  { between, own = [] }: { readonly between?: Between | undefined; readonly own?: Vector } = {},
): ExampleGradients {
  const { reads, makes } = forward(weights, input, between)
  const found: ExampleGradients = { weights: [], inputs: [], outputs: [] }
  let upper = gradientOfLogits(makes.at(-1)!, label, objective, own)
  for (let l = weights.length - 1; l >= 0; l--) {
    found.weights[l] = outer(upper, reads[l]!)
    found.outputs[l] = upper
    found.inputs[l] = timesTransposed(weights[l]!, upper)
    upper = whereActive(found.inputs[l]!, makes[l - 1])
  }
  return found
}

/** Multipliers of what every layer makes, from a baseline to an example: ReLU hands back its slope between the two. */
export function multipliersOf(
  weights: readonly Tensor[],
  input: Vector,
  baseline: Vector,
  label: number,
  objective: LogitObjective,
): Vector[] {
  const [to, from] = [forward(weights, input).makes, forward(weights, baseline).makes]
  const multipliers: Vector[] = []
  let upper = gradientOfLogits(to.at(-1)!, label, objective)
  for (let l = weights.length - 1; l >= 0; l--) {
    multipliers[l] = upper
    if (l === 0) break
    upper = timesTransposed(weights[l]!, upper).map((value, i) => {
      const [x, b] = [to[l - 1]![i]!, from[l - 1]![i]!]
      return value * (x === b ? Number(x > 0) : (Math.max(0, x) - Math.max(0, b)) / (x - b))
    })
  }
  return multipliers
}

/** H·v of one example's loss, by differentiating both passes along v (Pearlmutter 1994): [outputs · inputs] of every layer. */
export function hessianTimes(
  weights: readonly Tensor[],
  direction: readonly Tensor[],
  input: Vector,
  label: number,
): Vector[] {
  const { reads, makes } = forward(weights, input)
  const readChanges: Vector[] = []
  let change: Vector = input.map(() => 0)
  for (const [l, weight] of weights.entries()) {
    readChanges.push(change)
    const made = sum(times(direction[l]!, reads[l]!), times(weight, change))
    change = l < weights.length - 1 ? whereActive(made, makes[l]) : made
  }
  const p = softmax(makes.at(-1)!)
  const mean = p.reduce((total, share, k) => total + share * change[k]!, 0)
  let upper = gradientOfLogits(makes.at(-1)!, label, 'loss')
  let upperChange: Vector = p.map((share, k) => share * (change[k]! - mean))
  const products: Vector[] = []
  for (let l = weights.length - 1; l >= 0; l--) {
    products[l] = sum(outer(upperChange, reads[l]!), outer(upper, readChanges[l]!))
    const below = sum(timesTransposed(direction[l]!, upper), timesTransposed(weights[l]!, upperChange))
    upperChange = whereActive(below, makes[l - 1])
    upper = whereActive(timesTransposed(weights[l]!, upper), makes[l - 1])
  }
  return products
}

/** What every layer reads and makes. */
export function forward(
  weights: readonly Tensor[],
  input: Vector,
  between?: Between,
): { reads: Vector[]; makes: Vector[] } {
  const [reads, makes]: [Vector[], Vector[]] = [[], []]
  let read = input
  for (const [depth, weight] of weights.entries()) {
    const own = times(weight, read)
    const made = between?.depth === depth ? mixed(own, between) : own
    reads.push(read)
    makes.push(made)
    read = made.map((value) => Math.max(0, value))
  }
  return { reads, makes }
}

function gradientOfLogits(logits: Vector, label: number, objective: Objective, own: Vector = []): Vector {
  if (objective === 'divergence') {
    const p = softmax(own)
    return softmax(logits).map((share, k) => share - p[k]!)
  }
  if (objective === 'loss') return softmax(logits).map((share, k) => share - Number(k === label))
  if (objective === 'logit-sum') return logits.map(() => 1)
  const chosen = objective === 'true-logit' ? label : objective.logit
  return logits.map((_, k) => Number(k === chosen))
}

function softmax(logits: Vector): Vector {
  const largest = Math.max(...logits)
  const shares = logits.map((logit) => Math.exp(logit - largest))
  const total = shares.reduce((a, b) => a + b)
  return shares.map((share) => share / total)
}

/** The derivative of ReLU times a vector; of the network's input there is none to take. */
function whereActive(vector: Vector, made: Vector | undefined): Vector {
  return vector.map((value, i) => (made && made[i]! > 0 ? value : 0))
}

function times({ shape, data }: Tensor, x: Vector): Vector {
  const [outputs, inputs] = shape as [number, number]
  return Array.from({ length: outputs }, (_, o) =>
    x.reduce((total, value, i) => total + value * data[o * inputs + i]!, 0),
  )
}

function timesTransposed({ shape, data }: Tensor, y: Vector): Vector {
  const inputs = shape[1]!
  return Array.from({ length: inputs }, (_, i) =>
    y.reduce((total, value, o) => total + value * data[o * inputs + i]!, 0),
  )
}

const mixed = (own: Vector, { alpha, baseline }: Between): Vector =>
  own.map((value, i) => baseline[i]! + alpha * (value - baseline[i]!))

const outer = (y: Vector, x: Vector): Vector => y.flatMap((a) => x.map((b) => a * b))

const sum = (a: Vector, b: Vector): Vector => a.map((value, i) => value + b[i]!)
