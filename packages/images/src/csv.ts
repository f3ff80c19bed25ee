import { access, readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { InputError } from '@loadbearing/core'
import { parse } from 'csv-parse/sync'
import { readImageFile } from './file-failure.ts'
import { inByteOrder, nameOfData } from './names.ts'
import type { StoredImages } from './stored-images.ts'

const pathColumns = ['path', 'file_name', 'filename', 'file', 'image']
const labelColumns = ['label', 'class', 'class_name', 'target']

const hint =
  'Write a line an image: its path, seen from the CSV file, and its class; or name the columns path and label.'

/**
 * A CSV file of path,label, with or without a header. Paths are seen from the file. A header that names the two columns (path,
 * file_name, filename, file or image; label, class, class_name or target) may have others beside them, in any order.
 *
 * A label is the name of a class; where all are whole numbers, it is the index of the model's output.
 *
 * @throws InputError naming a line without one of the two, a file that is missing, or one that is listed twice
 */
export async function openCsv(path: string): Promise<StoredImages> {
  const rows = parsed(await readFile(path, 'utf8'), path)
  const [first] = rows
  if (!first) throw new InputError(`${path} lists no images.`, { hint })
  const header = headerOf(first.record, path)
  const listed = rows.slice(header.lines).map(({ record, line }) => {
    const [key = '', label = ''] = [record[header.path], record[header.label]]
    if (key !== '' && label !== '') return { key, label, line }
    throw new InputError(`Line ${line} of ${path} has no ${key === '' ? 'path' : 'label'}.`, { hint })
  })
  if (listed.length === 0) throw new InputError(`${path} lists no images.`, { hint })
  const images = listed.sort((a, b) => inByteOrder(a.key, b.key))
  const twice = images.find(({ key }, i) => images[i - 1]?.key === key)
  if (twice) {
    throw new InputError(`${path} lists ${twice.key} twice.`, {
      hint: 'Keep one of the lines: an image has one class.',
    })
  }
  const folder = dirname(path)
  const fileOf = (key: string): string => (isAbsolute(key) ? key : join(folder, key))
  await refuseMissing(
    images.map(({ key, line }) => ({ key, line, file: fileOf(key) })),
    path,
  )
  const indices = images.every(({ label }) => /^\d{1,9}$/.test(label))
  return {
    name: nameOfData(path),
    keys: images.map(({ key }) => key.replaceAll('\\', '/')),
    labels: images.map(({ label }) => (indices ? Number(label) : label)),
    async *read(asked) {
      for (const [position, index] of asked.entries()) {
        yield { position, bytes: await readImageFile(fileOf(images[index]!.key)) }
      }
    },
  }
}

interface Line {
  readonly record: readonly string[]
  readonly line: number
}

function parsed(text: string, path: string): Line[] {
  const rows: Line[] = []
  try {
    parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      on_record: (record: string[], { lines }) => {
        rows.push({ record, line: lines })
        return null
      },
    })
    return rows
  } catch (cause) {
    throw new InputError(`${path} is no CSV file: ${(cause as Error).message}.`, { hint, cause })
  }
}

/** Where path and label are, and how many lines the header takes. */
function headerOf(
  first: readonly string[],
  path: string,
): { readonly path: number; readonly label: number; readonly lines: 0 | 1 } {
  const names = first.map((name) => name.toLowerCase())
  const columnOf = (known: readonly string[]): number =>
    names.indexOf(known.find((name) => names.includes(name)) ?? '\n')
  const [pathColumn, labelColumn] = [columnOf(pathColumns), columnOf(labelColumns)]
  if (pathColumn >= 0 && labelColumn >= 0) return { path: pathColumn, label: labelColumn, lines: 1 }
  if (pathColumn < 0 && labelColumn < 0 && first.length === 2) return { path: 0, label: 1, lines: 0 }
  const missing = pathColumn < 0 ? pathColumns : labelColumns
  throw new InputError(
    `${path} has no column of ${pathColumn < 0 ? 'paths' : 'labels'} (${missing.join(', ')}); its first line is: ${first.join(', ')}.`,
    { hint },
  )
}

async function refuseMissing(
  images: readonly { readonly key: string; readonly line: number; readonly file: string }[],
  path: string,
): Promise<void> {
  const found = await Promise.all(
    images.map(({ file }) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  )
  const missing = images.filter((_, i) => !found[i]).sort((a, b) => a.line - b.line)
  if (missing.length === 0) return
  const named = missing.slice(0, 3).map(({ key, line }) => `${key} (line ${line})`)
  throw new InputError(
    `${path} lists ${missing.length === 1 ? 'a file that is' : `${missing.length} files that are`} not there: ${named.join(', ')}${missing.length > 3 ? ', …' : ''}.`,
    { hint: 'Paths are seen from the CSV file; correct or remove these lines.' },
  )
}
