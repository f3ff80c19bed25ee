import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '@loadbearing/core'
import { readImageFile } from './file-failure.ts'
import { inByteOrder, nameOfData } from './names.ts'
import type { StoredImages } from './stored-images.ts'

const layout = 'Lay the images out as FOLDER/CLASS/IMAGE, one subfolder a class.'

/**
 * A folder with one subfolder a class, each with its images, also in folders of its own. The classes are the names of the subfolders in
 * the order of their bytes, as torchvision's ImageFolder has them. Hidden files and folders are left out.
 *
 * @throws InputError when there are no subfolders, or one without images
 */
export async function openFolder(path: string): Promise<StoredImages> {
  const entries = (await readdir(path, { withFileTypes: true })).filter(({ name }) => !name.startsWith('.'))
  const folders: string[] = []
  for (const entry of entries) {
    if (entry.isDirectory() || (entry.isSymbolicLink() && (await holdsFiles(join(path, entry.name))))) {
      folders.push(entry.name)
    }
  }
  if (entries.length === 0) throw new InputError(`The folder ${path} is empty.`, { hint: layout })
  if (folders.length === 0) {
    throw new InputError(`The folder ${path} has no subfolders: their names say the classes of the images.`, {
      hint: `${layout} Or name a CSV file of path,label.`,
    })
  }
  const found = await Promise.all(
    folders.sort(inByteOrder).map(async (name) => {
      const files = await filesIn(path, name)
      if (files.length > 0) return files.map((key) => ({ key, label: name }))
      throw new InputError(`The folder ${name} in ${path} holds no images.`, {
        hint: 'Put the images of that class there, or remove the folder.',
      })
    }),
  )
  const images = found.flat().sort((a, b) => inByteOrder(a.key, b.key))
  return {
    name: nameOfData(path),
    keys: images.map(({ key }) => key),
    labels: images.map(({ label }) => label),
    async *read(indices) {
      for (const [position, index] of indices.entries()) {
        yield { position, bytes: await readImageFile(join(path, images[index]!.key)) }
      }
    },
  }
}

async function holdsFiles(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  )
}

/** Paths below `root`, with forward slashes on every system. */
async function filesIn(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true })
  const files = await Promise.all(
    entries
      .filter(({ name }) => !name.startsWith('.') && name !== 'Thumbs.db')
      .map(async (entry) => {
        const path = `${folder}/${entry.name}`
        return entry.isDirectory() ? filesIn(root, path) : [path]
      }),
  )
  return files.flat()
}
