import { open, stat } from 'node:fs/promises'
import { InputError } from '@loadbearing/core'
import { reasonOf } from './file-failure.ts'
import type { StoredImages } from './stored-images.ts'
import type { Table } from './table.ts'
import { tableImages } from './table-images.ts'

const hint =
  'Name a folder with one subfolder a class, a CSV file of path,label, a Parquet or Arrow file with a column of images or of lists of numbers and one of labels, or zoo:NAME.'

/** Opens labelled images in whichever way they are stored. @throws InputError when there is nothing, or nothing of these */
export async function openStored(path: string): Promise<StoredImages> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new InputError(`The images ${path} cannot be read: ${reasonOf(cause)}.`, { hint, cause })
  })
  if (found.isDirectory()) return (await import('./folder.ts')).openFolder(path)
  const table = await openTable(path)
  if (table) return tableImages(table)
  if (/\.csv$/i.test(path)) return (await import('./csv.ts')).openCsv(path)
  throw new InputError(found.size === 0 ? `The file ${path} is empty.` : `${path} is no Parquet, Arrow or CSV file.`, {
    hint,
  })
}

/** Opens a Parquet or Arrow file; undefined where the path is none of them, or nothing. @throws InputError when it is damaged */
export async function openTable(path: string): Promise<Table | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return undefined
  const start = await startOf(path)
  if (start.startsWith('PAR1')) return (await import('./parquet.ts')).openParquet(path)
  if (start.startsWith('ARROW1') || start.startsWith('\xff\xff\xff\xff')) {
    return (await import('./arrow.ts')).openArrow(path)
  }
  return undefined
}

/** The first bytes of a file, as Latin-1. */
async function startOf(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await file.close()
  }
}
