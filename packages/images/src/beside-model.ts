import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A file of this name beside a model's, or in the folder above, where the hub keeps it of `onnx/model.onnx`. */
export async function readBeside(
  model: string,
  name: string,
): Promise<{ readonly path: string; readonly text: string } | undefined> {
  const folder = dirname(model)
  for (const path of [join(folder, name), join(folder, '..', name)]) {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text !== undefined) return { path, text }
  }
  return undefined
}
