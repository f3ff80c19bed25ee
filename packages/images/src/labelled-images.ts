/** Labelled images of one size, decoded when they are read. */
export interface LabelledImages {
  /** Name of the data, e.g. 'fashion-mnist', or of their folder or file. */
  readonly name: string
  /**
   * What tells these images and labels from others. Reads every image of a user's data once, and so finds those that are none: whoever
   * starts something long asks for it first.
   *
   * @throws InputError naming the files that are no images
   */
  readonly fingerprint: () => Promise<string>
  readonly count: number
  /** [channels, height, width] of one image; the channels are RGB, or one of grey. */
  readonly shape: readonly [number, number, number]
  /** True class of every image, as the index of the model's output. */
  readonly labels: Int32Array
  /** By index of the output. */
  readonly classes: readonly string[]
  /**
   * Some of the images as bytes, [indices.length, channels, height, width]; the same bytes every time.
   *
   * @throws InputError naming an image that cannot be decoded, or ends up in another size
   */
  readonly read: (indices: readonly number[]) => Promise<Uint8Array>
}
