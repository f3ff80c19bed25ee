import { hubColumns, imageOf } from './hub-columns.ts'
import { nameOfData } from './names.ts'
import type { StoredImages } from './stored-images.ts'
import type { Table } from './table.ts'
import { tableLabels } from './table-labels.ts'

/**
 * The images of a table: a column of them (binary, or a struct {bytes, path}) and one of labels (names, or indices), as the Hugging Face
 * hub has them.
 *
 * @throws InputError when the file is damaged, or a column is missing
 */
export async function tableImages(table: Table): Promise<StoredImages> {
  const { path } = table
  const { image, label } = hubColumns(table)
  return {
    name: nameOfData(path),
    ...(await tableLabels(table, label)),
    async *read(indices) {
      for await (const { position, row, value } of table.read(image, indices)) {
        yield { position, bytes: imageOf(value, row, path) }
      }
    },
  }
}
