import { InputError } from '@loadbearing/core'
import { z } from 'zod'

/** Which columns of a table hold the images and their classes. */
export interface HubColumns {
  readonly image: string
  readonly label: string
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
 * @param columns of the file
 * @param metadata JSON; undefined where the file has none
 * @throws InputError naming what is missing and what there is
 */
export function hubColumns(columns: readonly string[], metadata: string | undefined, path: string): HubColumns {
  const known = featuresOf(metadata)
  const ofType = (type: string): string[] => columns.filter((name) => known[name]?._type === type)
  const choose = (names: readonly string[], type: string): string | undefined => {
    const typed = ofType(type)
    return names.find((name) => typed.includes(name)) ?? typed[0] ?? names.find((name) => columns.includes(name))
  }
  const image = choose(imageColumns, 'Image')
  const label = choose(labelColumns, 'ClassLabel')
  if (image !== undefined && label !== undefined) return { image, label, classNames: known[label]?.names }
  const [what, names] = image === undefined ? ['images', imageColumns] : ['labels', labelColumns]
  throw new InputError(
    `${path} has no column of ${what} (${names.join(', ')}); it has ${columns.map((name) => `'${name}'`).join(', ') || 'none'}.`,
    { hint: 'Name the columns image and label, as the image data sets on the Hugging Face hub do.' },
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
