/** Where a method comes from. */
export interface Reference {
  readonly title: string
  readonly url: string
}
