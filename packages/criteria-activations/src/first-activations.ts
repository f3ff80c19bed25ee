import { type Capabilities, type LayerActivations, sizeOf, type Tensor } from '@loadbearing/core'

/** What every layer reads and makes of the first `count` calibration examples, batch by batch, by layer name. */
export async function* firstActivations(
  { activations }: Capabilities['activations'],
  count: number,
): AsyncGenerator<ReadonlyMap<string, LayerActivations>> {
  let left = count
  for await (const batch of activations()) {
    yield new Map(
      [...batch].map(([name, { input, output }]) => [name, { input: head(input, left), output: head(output, left) }]),
    )
    const [first] = batch.values()
    left -= first?.output.shape[0] ?? left
    if (left <= 0) return
  }
}

function head({ shape: [examples = 0, ...rest], data }: Tensor, count: number): Tensor {
  const rows = Math.min(examples, count)
  return { shape: [rows, ...rest], data: data.subarray(0, rows * sizeOf(rest)) }
}
