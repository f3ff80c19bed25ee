import { basename, resolve } from 'node:path'

/** Compares texts by their UTF-8 bytes: the same order on every machine, and that of Python's `sorted`. */
export const inByteOrder = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** What a folder or file of images is called in tables: its own name, never where it lies. */
export function nameOfData(path: string): string {
  return basename(resolve(path)).replace(/\.(csv|parquet|arrow|feather)$/i, '')
}
