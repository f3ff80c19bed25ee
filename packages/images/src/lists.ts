import { InputError, sizeOf } from '@loadbearing/core'

/** A row of a table, as errors name it. */
interface Row {
  readonly row: number
  readonly path: string
}

/** What a model takes of a row. */
interface Taken {
  readonly path: string
  readonly model: string
  readonly shape: readonly number[]
  /** Least and greatest where it takes whole numbers alone. */
  readonly integers: readonly [number, number] | undefined
}

type List = Iterable<unknown>

const isList = (value: unknown): value is List =>
  typeof value === 'object' && value !== null && Symbol.iterator in value

/** Shape of nested lists, by the first of each. @throws InputError when the value is no list */
export function listShape(value: unknown, { row, path }: Row): readonly number[] {
  if (isList(value)) return shapeOf(value)
  throw new InputError(`Row ${row} of ${path} holds ${told(value)} in place of a list of numbers.`, { hint: repair })
}

function shapeOf(list: List): number[] {
  const values = [...list]
  return [values.length, ...(isList(values[0]) ? shapeOf(values[0]) : [])]
}

const repair = 'Correct the row, or leave it out.'

/**
 * The numbers of nested lists, the last index fastest. They have the shape that the model takes, or lie in one list of as many.
 *
 * @throws InputError naming the row, when it has another shape, or holds what is no number or none that the model takes
 */
export function flatNumbers(value: unknown, row: number, { path, model, shape, integers }: Taken): Float32Array {
  const found = listShape(value, { row, path })
  const numbers: number[] = []
  const isFlat = found.length === 1 && found[0] === sizeOf(shape)
  const isRegular = collect(value, found, (each) => {
    const number = typeof each === 'bigint' ? Number(each) : each
    if (typeof number !== 'number' || !Number.isFinite(Math.fround(number))) {
      throw new InputError(`Row ${row} of ${path} holds ${told(each)} in place of a number.`, { hint: repair })
    }
    if (integers && !(Number.isInteger(number) && number >= integers[0] && number <= integers[1])) {
      throw new InputError(
        `Row ${row} of ${path} holds ${number}, but ${model} takes whole numbers from ${integers[0]} to ${integers[1]}.`,
        { hint: 'Give token ids or bytes as they are.' },
      )
    }
    numbers.push(number)
  })
  if (isRegular && (isFlat || found.join() === shape.join())) return Float32Array.from(numbers)
  const lists = isRegular ? `a list of shape [${found.join(', ')}]` : 'lists of several lengths'
  throw new InputError(`Row ${row} of ${path} holds ${lists}, but ${model} takes [${shape.join(', ')}].`, {
    hint: 'Pad or cut the examples to what the model takes, or leave this one out.',
  })
}

/** Visits what nested lists hold, in order. @returns whether all of them have this shape */
function collect(value: unknown, [length, ...inner]: readonly number[], visit: (value: unknown) => void): boolean {
  if (!isList(value)) {
    visit(value)
    return length === undefined
  }
  let [count, isRegular] = [0, true]
  for (const each of value) {
    count++
    isRegular = collect(each, inner, visit) && isRegular
  }
  return isRegular && count === length
}

/** A value as errors call it. */
function told(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  return typeof value === 'number' || typeof value === 'string' ? String(value) : 'something else'
}
