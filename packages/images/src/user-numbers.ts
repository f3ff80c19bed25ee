import { InputError, sizeOf } from '@loadbearing/core'
import { imageColumn, isLabelName, labelColumn } from './hub-columns.ts'
import { flatNumbers, listShape } from './lists.ts'
import type { LabelledNumbers } from './labelled-examples.ts'
import { type Asked, labelledSet, type Split } from './labelled-set.ts'
import { nameOfData } from './names.ts'
import { openTable } from './open-stored.ts'
import type { StoredImages } from './stored-images.ts'
import type { Table } from './table.ts'
import { tableLabels } from './table-labels.ts'

/** A column of lists of numbers: what a model takes that takes no images. */
export interface NumbersColumn {
  readonly table: Table
  readonly name: string
  /** Shape of the first row. @throws InputError when it holds no list */
  readonly shape: () => Promise<readonly number[]>
}

/** What a model takes. */
export interface TakenNumbers {
  /** Of one example. */
  readonly shape: readonly number[]
  /** Least and greatest where it takes whole numbers alone. */
  readonly integers: readonly [number, number] | undefined
}

/** Labelled examples of a user's own that are no images. */
export interface UserNumbers {
  /** Name of the file, without its path and ending. */
  readonly name: string
  /** Sentences for a person on what was understood, where it might be something else. */
  readonly notes: readonly string[]
  readonly numbers: (which: Split) => LabelledNumbers
}

/**
 * The column of a Parquet or Arrow file that a model's input is in: lists of numbers, named like the input; or else the only ones, where
 * there are no images. Undefined where there is none, or the path is something else.
 *
 * @throws InputError when the file is damaged, or several columns may be the input
 */
export async function findNumbers(path: string, input: string): Promise<NumbersColumn | undefined> {
  const table = await openTable(path)
  if (!table) return undefined
  const lists = table.columns.filter(({ isList }) => isList).map(({ name }) => name)
  const candidates = lists.filter((name) => !isLabelName(name))
  if (!lists.includes(input)) {
    if (candidates.length === 0 || imageColumn(table) !== undefined) return undefined
    if (candidates.length > 1) {
      throw new InputError(
        `${path} has ${candidates.length} columns of lists of numbers (${candidates.join(', ')}), and none is named like the model's input, '${input}'.`,
        { hint: `Name the one that the model takes '${input}', or leave the others out.` },
      )
    }
  }
  const name = lists.includes(input) ? input : candidates[0]!
  return {
    table,
    name,
    shape: async () => {
      for await (const { value, row } of table.read(name, [0])) return listShape(value, { row, path })
      throw new InputError(`${path} has no rows.`, { hint: 'Choose a file with rows.' })
    },
  }
}

/**
 * Opens labelled examples that are rows of numbers. Rows other than the first are looked at as they are read.
 *
 * @throws InputError naming what is wrong with the first row or the classes
 */
export async function openUserNumbers(
  { table, name }: NumbersColumn,
  taken: TakenNumbers,
  asked: Asked,
): Promise<UserNumbers> {
  const { path } = table
  const fit = { ...taken, model: asked.model, path }
  const stored: StoredImages = {
    name: nameOfData(path),
    ...(await tableLabels(table, labelColumn(table))),
    async *read(rows) {
      for await (const { position, row, value } of table.read(name, rows)) {
        yield { position, bytes: new Uint8Array(flatNumbers(value, row, fit).buffer) }
      }
    },
  }
  const read = async (rows: readonly number[]): Promise<Float32Array> => {
    const values = new Float32Array(rows.length * sizeOf(taken.shape))
    const whole = new Uint8Array(values.buffer)
    for await (const { position, bytes } of stored.read(rows)) whole.set(bytes, position * bytes.length)
    return values
  }
  // What is wrong with all rows is wrong with the first.
  await read([0])
  const all = [...stored.keys.keys()]
  const set = await labelledSet(stored, asked, async (look) => {
    for await (const { position, bytes } of stored.read(all)) look(bytes, position)
  })
  return {
    name: stored.name,
    notes: set.notes,
    numbers: (which) => {
      const indices = set.indicesOf(which)
      return {
        kind: 'numbers',
        ...set.part(which),
        shape: taken.shape,
        read: (chosen) => read(chosen.map((index) => indices[index]!)),
      }
    },
  }
}
