/** Labelled images as bytes. */
export interface ImageSet {
  /** Name of the data, e.g. 'fashion-mnist'. */
  readonly data: string
  readonly split: Split
  readonly count: number
  /** [channels, height, width] of one image. */
  readonly shape: readonly [number, number, number]
  /** Row-major [count, channels, height, width]. */
  readonly pixels: Uint8Array
  /** True class of every image. */
  readonly labels: Uint8Array
  readonly classes: readonly string[]
}

export type Split = 'test' | 'calibration'
