/** Labelled images as they are stored, encoded; or examples that are none, as the bytes of their numbers. */
export interface StoredImages {
  /** Name of the folder or file, without its path and ending. */
  readonly name: string
  /** What an error and the split call each image: a path within the data, or the number of a row. No two are the same. */
  readonly keys: readonly string[]
  /** The class of each image: its name, or the index of the model's output. */
  readonly labels: readonly (string | number)[]
  /** What the data call the indices in `labels`, where they do. */
  readonly classNames?: readonly string[]
  /**
   * The files of some of the images, in an order that suits the storage; few are in memory at once.
   *
   * @throws InputError naming an image that cannot be read
   */
  readonly read: (indices: readonly number[]) => AsyncIterable<StoredImage>
}

export interface StoredImage {
  /** Where in the list of indices that were asked for. */
  readonly position: number
  readonly bytes: Uint8Array
}
