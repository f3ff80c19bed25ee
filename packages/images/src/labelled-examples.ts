interface Labelled {
  /** Name of the data, e.g. 'fashion-mnist', or of their folder or file. */
  readonly name: string
  /**
   * What tells these examples and labels from others. Reads every example of a user's data once, and so finds those that are none:
   * whoever starts something long asks for it first.
   *
   * @throws InputError naming the files that are no images, or the row that does not hold what the model takes
   */
  readonly fingerprint: () => Promise<string>
  readonly count: number
  /** True class of every example, as the index of the model's output. */
  readonly labels: Int32Array
  /** By index of the output. */
  readonly classes: readonly string[]
}

/** Labelled images of one size, decoded when they are read. */
export interface LabelledImages extends Labelled {
  readonly kind: 'images'
  /** [channels, height, width] of one image; the channels are RGB, or one of grey. */
  readonly shape: readonly [number, number, number]
  /**
   * Some of the images as bytes, [indices.length, channels, height, width]; the same bytes every time.
   *
   * @throws InputError naming an image that cannot be decoded, or ends up in another size
   */
  readonly read: (indices: readonly number[]) => Promise<Uint8Array>
}

/** Labelled examples that are no images: numbers that a model takes as they are. */
export interface LabelledNumbers extends Labelled {
  readonly kind: 'numbers'
  /** Of one example, as the model takes it. */
  readonly shape: readonly number[]
  /**
   * Some of the examples, [indices.length, ...shape]; the same numbers every time.
   *
   * @throws InputError naming a row that does not hold what the model takes
   */
  readonly read: (indices: readonly number[]) => Promise<Float32Array>
}

export type LabelledExamples = LabelledImages | LabelledNumbers
