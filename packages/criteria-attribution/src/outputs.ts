import {
  type Capabilities,
  type GradientOptions,
  type Layer,
  type PassOptions,
  type PathPoint,
  type Tensor,
} from '@loadbearing/core'

/** What every layer makes of the examples of a pass, [examples, …], by layer name. */
export async function outputsOf(
  { activations }: Capabilities['activations'],
  options: PassOptions,
): Promise<ReadonlyMap<string, Tensor>> {
  const parts: ReadonlyMap<string, Tensor>[] = []
  for await (const batch of activations(options)) {
    parts.push(new Map([...batch].map(([name, { output }]) => [name, output])))
  }
  return joinedByLayer(parts)
}

/** The gradient of every example's own objective with respect to what every layer makes, [examples, …], by layer name. */
export async function gradientsAtOutputs(
  { activationGradients }: Pick<Capabilities['gradients'], 'activationGradients'>,
  options: GradientOptions,
): Promise<ReadonlyMap<string, Tensor>> {
  const parts: ReadonlyMap<string, Tensor>[] = []
  for await (const { gradients } of activationGradients(options)) {
    parts.push(new Map([...gradients].map(([name, { output }]) => [name, output])))
  }
  return joinedByLayer(parts)
}

/** The multipliers of what every layer makes, from a baseline to every example, [examples, …], by layer name. */
export async function multipliersOf(
  { outputMultipliers }: Pick<Capabilities['gradients'], 'outputMultipliers'>,
  ...asked: Parameters<Capabilities['gradients']['outputMultipliers']>
): Promise<ReadonlyMap<string, Tensor>> {
  const parts: ReadonlyMap<string, Tensor>[] = []
  for await (const part of outputMultipliers(...asked)) parts.push(part)
  return joinedByLayer(parts)
}

/** The gradient where one layer alone is on the path: [examples, …]. */
export async function gradientWithin(
  { outputGradients }: Pick<Capabilities['gradients'], 'outputGradients'>,
  layer: Layer,
  within: PathPoint,
  options: Pick<GradientOptions, 'objective' | 'examples'>,
): Promise<Tensor> {
  const parts: Tensor[] = []
  for await (const part of outputGradients(layer, within, options)) parts.push(part)
  return joined(parts)
}

function joinedByLayer(parts: readonly ReadonlyMap<string, Tensor>[]): ReadonlyMap<string, Tensor> {
  const names = [...(parts[0]?.keys() ?? [])]
  return new Map(names.map((name) => [name, joined(parts.map((part) => part.get(name)!))]))
}

/** Batches one after the other. */
function joined(parts: readonly Tensor[]): Tensor {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0))
  let [start, examples] = [0, 0]
  for (const part of parts) {
    data.set(part.data, start)
    start += part.data.length
    examples += part.shape[0]!
  }
  return { shape: [examples, ...parts[0]!.shape.slice(1)], data }
}
