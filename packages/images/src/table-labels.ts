import { InputError } from '@loadbearing/core'
import { type LabelColumn, labelOf } from './hub-columns.ts'
import type { StoredImages } from './stored-images.ts'
import type { Table } from './table.ts'

/** The class of every row, and what the split calls the rows. @throws InputError where a row has none, or there are no rows */
export async function tableLabels(
  table: Table,
  { name, classNames }: LabelColumn,
): Promise<Pick<StoredImages, 'keys' | 'labels' | 'classNames'>> {
  const labels = (await table.values(name)).map((value, row) => labelOf(value, row, table.path))
  if (labels.length === 0) throw new InputError(`${table.path} has no rows.`, { hint: 'Choose a file with rows.' })
  return { keys: labels.map((_, row) => `row ${row}`), labels, ...(classNames && { classNames }) }
}
