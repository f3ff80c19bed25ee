/** What a part says of itself once it has given a known answer. */
export interface Answer {
  readonly version: string
  readonly threads: number
}

/** A part that computes, and that may be missing. */
export interface Part {
  readonly name: string
  /** What it is there for. */
  readonly use: string
  /** Whether something cannot be done at all without it. */
  readonly needed: boolean
  /** Has it compute something whose answer is known. @throws where it does not load, or gives another */
  readonly check: () => Promise<Answer>
  /** What to do where it is missing. @param isCheckout of the repository, in place of packages from npm */
  readonly advice: (isCheckout: boolean) => string
}
