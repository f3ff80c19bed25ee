import * as tf from '@tensorflow/tfjs'
import { ModelError } from '@loadbearing/core'
import { type Node, Unsupported } from '../node.ts'

/** How a window moves over the two axes of an image: one of a sequence moves over an image of height one. */
export interface Window {
  readonly kernel: readonly [number, number] | undefined
  readonly strides: readonly [number, number]
  readonly dilations: readonly [number, number]
  /** Explicit zeros: top, left, bottom, right; or how many are worked out. */
  readonly pads: readonly [number, number, number, number] | 'SAME_UPPER' | 'SAME_LOWER'
}

/** The rank of the places a window moves over: that of its attributes, else of the filter. @throws Unsupported beyond images */
export function windowOf(node: Node): Window {
  const given = ['kernel_shape', 'strides', 'dilations'].flatMap((name) => node.numbers(name)?.length ?? [])
  const places = given[0] ?? (node.numbers('pads')?.length ?? 4) / 2
  if (places > 2) throw new Unsupported(`${places} dimensions`)
  const pair = (name: string): readonly [number, number] => {
    const [first = 1, second] = node.numbers(name) ?? []
    return second === undefined ? [node.numbers(name)?.length === 1 ? 1 : first, first] : [first, second]
  }
  const pads = node.numbers('pads') ?? []
  const auto = node.text('auto_pad', 'NOTSET')
  return {
    kernel: node.numbers('kernel_shape') && pair('kernel_shape'),
    strides: pair('strides'),
    dilations: pair('dilations'),
    pads:
      auto === 'SAME_UPPER' || auto === 'SAME_LOWER'
        ? auto
        : auto === 'VALID' || pads.length === 0
          ? [0, 0, 0, 0]
          : pads.length === 2
            ? [0, pads[0]!, 0, pads[1]!]
            : (pads as unknown as readonly [number, number, number, number]),
  }
}

/** Zeros (top, left, bottom, right) for an input of this size and a kernel of this extent. */
export function padsFor(
  { pads, strides }: Window,
  size: readonly number[],
  extent: readonly number[],
): readonly [number, number, number, number] {
  if (typeof pads !== 'string') return pads
  const missing = strides.map((stride, i) => {
    const steps = Math.ceil(size[i]! / stride) - 1
    return Math.max(0, steps * stride + extent[i]! - size[i]!)
  }) as [number, number]
  const less = missing.map((each) => Math.floor(each / 2)) as [number, number]
  const more = missing.map((each) => Math.ceil(each / 2)) as [number, number]
  return pads === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less]
}

/** How far the taps of a kernel reach. */
export function extentOf(kernel: readonly number[], dilations: readonly number[]): [number, number] {
  return [(kernel[0]! - 1) * dilations[0]! + 1, (kernel[1]! - 1) * dilations[1]! + 1]
}

/** [n, h, w, c] with `value` around it, or with a rim cut off where a pad is negative. */
export function padded(
  x: tf.Tensor4D,
  [top, left, bottom, right]: readonly [number, number, number, number],
  value = 0,
): tf.Tensor4D {
  const [count, height, width, channels] = x.shape
  const cut = [top, left, bottom, right].map((each) => Math.max(0, -each)) as [number, number, number, number]
  const kept = cut.some((each) => each > 0)
    ? tf.slice(x, [0, cut[0], cut[1], 0], [count, height - cut[0] - cut[2], width - cut[1] - cut[3], channels])
    : x
  const [above, before, below, behind] = [top, left, bottom, right].map((each) => Math.max(0, each)) as [
    number,
    number,
    number,
    number,
  ]
  if (above + before + below + behind === 0) return kept
  return tf.pad4d(kept, [[0, 0], [above, below], [before, behind], [0, 0]], value) // prettier-ignore
}

/** A sequence [n, c, l] as an image of height one. */
export function asImage(x: tf.Tensor): tf.Tensor4D {
  if (x.rank === 4) return x as tf.Tensor4D
  if (x.rank !== 3) throw new ModelError(`A window over ${x.rank - 2} dimensions has no gradient here.`)
  const [count, length, channels] = x.shape as [number, number, number]
  return tf.reshape(x, [count, 1, length, channels])
}
