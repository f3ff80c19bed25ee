/**
 * A table of a FlatBuffer, the format of Arrow's metadata, read so that nothing it names lies outside its bytes: Arrow's own reader
 * believes every number that it finds, and may not come to an end.
 *
 * Its methods take the number of a field, as the format's declaration counts them, and throw a RangeError on damage.
 */
export class FlatTable {
  readonly #view: DataView
  readonly #position: number

  private constructor(view: DataView, position: number) {
    this.#view = view
    this.#position = position
  }

  /** The table that a buffer begins with. */
  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return new FlatTable(view, view.getInt32(0, true))
  }

  /** A whole number of this many bytes; 0 where it is left out. */
  number(field: number, bytes: 1 | 2 | 8): number {
    const at = this.#fieldAt(field)
    if (at === undefined) return 0
    if (bytes === 8) return Number(this.#view.getBigInt64(at, true))
    return bytes === 2 ? this.#view.getInt16(at, true) : this.#view.getUint8(at)
  }

  /** A table within; undefined where it is left out. */
  table(field: number): FlatTable | undefined {
    const at = this.#fieldAt(field)
    return at === undefined ? undefined : new FlatTable(this.#view, this.#target(at))
  }

  /** Tables within; none where they are left out. */
  tables(field: number): FlatTable[] {
    return this.#vector(field, 4).map((at) => new FlatTable(this.#view, this.#target(at)))
  }

  /** Rows of whole numbers of eight bytes; one that is narrower is read with what pads it, so the upper half may be anything. */
  structs(field: number, numbers: number): bigint[][] {
    return this.#vector(field, 8 * numbers).map((at) =>
      Array.from({ length: numbers }, (_, i) => this.#view.getBigInt64(at + 8 * i, true)),
    )
  }

  /** Looks whether a text, where there is one, lies within. */
  checkText(field: number): void {
    this.#vector(field, 1)
  }

  #fieldAt(field: number): number | undefined {
    const declared = this.#position - this.#view.getInt32(this.#position, true)
    const size = this.#view.getInt16(declared, true)
    const offset = 4 + 2 * field < size ? this.#view.getInt16(declared + 4 + 2 * field, true) : 0
    if (size < 4 || offset < 0) throw new RangeError('a table has no fields')
    return offset === 0 ? undefined : this.#position + offset
  }

  #target(at: number): number {
    const offset = this.#view.getInt32(at, true)
    if (offset <= 0) throw new RangeError('an offset points backwards')
    return at + offset
  }

  /** Where each item of a vector lies; of bytes, none. */
  #vector(field: number, itemBytes: number): number[] {
    const at = this.#fieldAt(field)
    if (at === undefined) return []
    const start = this.#target(at)
    const length = this.#view.getInt32(start, true)
    if (length < 0 || start + 4 + length * itemBytes > this.#view.byteLength) {
      throw new RangeError('a list is longer than the file')
    }
    return itemBytes === 1 ? [] : Array.from({ length }, (_, i) => start + 4 + i * itemBytes)
  }
}
