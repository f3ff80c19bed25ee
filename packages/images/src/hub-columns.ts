import { InputError } from '@loadbearing/core'
import { z } from 'zod'
import type { Table } from './table.ts'

/** Which column of a table holds the classes. */
export interface LabelColumn {
  readonly name: string
  /** Names of the classes by index, where the file says them. */
  readonly classNames: readonly string[] | undefined
}

const imageColumns = ['image', 'img', 'jpg', 'png', 'picture']
const labelColumns = ['label', 'labels', 'class', 'target', 'cls', 'fine_label']

const features = z.object({
  info: z.object({
    features: z.record(
      z.string(),
      z.looseObject({ _type: z.string().optional(), names: z.array(z.string()).optional() }),
    ),
  }),
})

/**
 * Finds the columns of images and of their classes: by the `huggingface` entry that `datasets` writes into the file's metadata, or by
 * the names that the hub's image data sets use.
 *
 * @throws InputError naming what is missing and what there is
 */
export function hubColumns(table: Table): { readonly image: string; readonly label: LabelColumn } {
  const image = imageColumn(table)
  if (image === undefined) throw missing(table, 'images', imageColumns)
  return { image, label: labelColumn(table) }
}

/** The column of images, where there is one: a list of numbers is none. */
export function imageColumn({ columns, hub }: Table): string | undefined {
  return choose(
    columns.filter(({ isList }) => !isList),
    imageColumns,
    (name) => featuresOf(hub)[name]?._type === 'Image',
  )
}

/** The column of classes. @throws InputError naming what there is where that is missing */
export function labelColumn(table: Table): LabelColumn {
  const known = featuresOf(table.hub)
  const name = choose(table.columns, labelColumns, (column) => known[column]?._type === 'ClassLabel')
  if (name === undefined) throw missing(table, 'labels', labelColumns)
  return { name, classNames: known[name]?.names }
}

/** Whether a column is called as those of classes are. */
export const isLabelName = (name: string): boolean => labelColumns.includes(name)

function choose(
  columns: Table['columns'],
  names: readonly string[],
  isTyped: (name: string) => boolean,
): string | undefined {
  const all = columns.map(({ name }) => name)
  const typed = all.filter(isTyped)
  return names.find((name) => typed.includes(name)) ?? typed[0] ?? names.find((name) => all.includes(name))
}

function missing({ path, columns }: Table, what: string, names: readonly string[]): InputError {
  return new InputError(
    `${path} has no column of ${what} (${names.join(', ')}); it has ${columns.map(({ name }) => `'${name}'`).join(', ') || 'none'}.`,
    {
      hint: 'Name the columns image and label, as the image data sets on the Hugging Face hub do; or have a column of lists of numbers.',
    },
  )
}

function featuresOf(metadata: string | undefined): z.infer<typeof features>['info']['features'] {
  if (metadata === undefined) return {}
  try {
    return features.parse(JSON.parse(metadata)).info.features
  } catch {
    return {}
  }
}

/** The class in a row: an index, or a name. @throws InputError when it is neither */
export function labelOf(value: unknown, row: number, path: string): string | number {
  if (typeof value === 'string' && value !== '') return value
  const index = typeof value === 'bigint' ? Number(value) : value
  if (typeof index === 'number' && Number.isInteger(index) && index >= 0) return index
  throw new InputError(`Row ${row} of ${path} has no label: ${String(value)}.`, {
    hint: 'A label is the name of a class or the index of an output; −1 stands for none on the hub. Choose a labelled split.',
  })
}

/** The file of the image in a row: binary, or a struct that holds it. @throws InputError when it holds none */
export function imageOf(value: unknown, row: number, path: string): Uint8Array {
  if (value instanceof Uint8Array) return value
  const inside = (value as { readonly bytes?: unknown } | null)?.bytes
  if (inside instanceof Uint8Array) return inside
  throw new InputError(`Row ${row} of ${path} holds no image.`, {
    hint: 'The images must lie in the file, as bytes or as {bytes, path}.',
  })
}
