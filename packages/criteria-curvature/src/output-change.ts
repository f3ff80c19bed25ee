import type { Tensor, Unscored } from '@loadbearing/core'
import type { Sample } from './sampled-patches.ts'
import type { Wiring } from './wiring.ts'

/** An output channel, and what was added to its weights, in the order of a row of its group's patches. */
export interface ChangedChannel {
  readonly group: number
  readonly channel: number
  readonly change: Float64Array
}

/** Every output channel of a layer; `change` is written over from one to the next. */
export function* changedChannels(
  { groups, outputs, inputs, taps, weights }: Wiring,
  { data: moved }: Tensor,
  { data: original }: Tensor,
): Generator<ChangedChannel> {
  const change = new Float64Array(inputs * taps)
  for (let channel = 0; channel < groups * outputs; channel++) {
    const group = Math.floor(channel / outputs)
    const start = group * weights.group + (channel % outputs) * weights.output
    for (let at = 0; at < change.length; at++) {
      const weight = start + Math.floor(at / taps) * weights.input + (at % taps)
      change[at] = moved[weight]! - original[weight]!
    }
    yield { group, channel, change }
  }
}

/** What is added to the channel in a row of the sample. */
export function addedIn({ patches }: Sample, { group, change }: ChangedChannel, row: number): number {
  const patch = patches[group]!
  const start = row * change.length
  let sum = 0
  for (let at = 0; at < change.length; at++) sum += change[at]! * patch[start + at]!
  return sum
}

/** Rows that are looked at by `ifLinear`. */
const looked = 16

/**
 * The sample, or the reason why it says nothing of the layer, such as one that scales the product: what the layer makes, less its weight
 * times what it reads, must be the same in all rows of a channel, but for rounding, to half precision at worst. Where all rows read the
 * same, as one row alone does, that tells nothing: it must then be 0, as of a layer without a constant, unless what is read is 0 itself.
 */
export function ifLinear(sample: Sample, weight: Tensor): Sample | Unscored {
  const { wiring, made, rows } = sample
  const channels = made.length / rows
  const count = Math.min(looked, rows)
  const alike = readsTheSame(sample)
  const nothing = { shape: weight.shape, data: new Float32Array(weight.data.length) }
  for (const changed of changedChannels(wiring, weight, nothing)) {
    const terms = Array.from({ length: count }, (_, i) => {
      const row = Math.floor((i * rows) / count)
      const [value, product] = [made[row * channels + changed.channel]!, addedIn(sample, changed, row)]
      return { rest: value - product, size: Math.abs(value) + Math.abs(product) }
    })
    const scale = Math.max(...terms.map(({ size }) => size))
    const constant = alike ? 0 : terms[0]!.rest
    if (terms.some(({ rest }) => Math.abs(rest - constant) > 1e-2 * scale)) {
      return {
        reason: alike
          ? 'it reads the same wherever it is looked at, which can’t tell a constant from a factor'
          : 'it makes something else than its weight times what it reads, plus a constant',
      }
    }
  }
  return sample
}

/** Whether all rows are equal, and not of zeros, which no factor would change. */
function readsTheSame({ patches, rows }: Sample): boolean {
  const some = patches.some((patch) => patch.some((value) => value !== 0))
  return some && patches.every((patch) => patch.every((value, at) => value === patch[at % (patch.length / rows)]))
}
