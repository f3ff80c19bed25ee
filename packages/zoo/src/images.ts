import { findNamed } from '@loadbearing/core'
import { readCifar10 } from './cifar10.ts'
import type { FetchOptions } from './fetch-options.ts'
import type { ImageSet, Split } from './image-set.ts'
import { readShippedImages } from './shipped-images.ts'

/** Where images are read that do not ship, and what is said of fetching them. */
export interface ImageOptions extends FetchOptions {
  /** A folder with the official binary version of CIFAR-10, in place of fetching it. */
  readonly cifar10?: string | undefined
}

const shipped = [
  {
    name: 'fashion-mnist',
    classes: ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
  },
  {
    name: 'words',
    classes: [
      'Czech',
      'German',
      'Finnish',
      'French',
      'Hungarian',
      'Italian',
      'Lithuanian',
      'Polish',
      'Romanian',
      'Turkish',
    ],
  },
]

const collections: readonly {
  readonly name: string
  readonly read: (split: Split, options: ImageOptions) => Promise<ImageSet>
}[] = [
  ...shipped.map(({ name, classes }) => ({ name, read: (split: Split) => readShippedImages(name, classes, split) })),
  { name: 'cifar10', read: (split, options) => readCifar10(split, options) },
]

/**
 * The test split (10,000 images: what the ground truth is measured on) or the calibration images (1,024 of the training split:
 * what a criterion may see). Those that do not ship are fetched once and kept in the user's cache.
 *
 * @throws InputError on an unknown name; DatasetError when a file is missing or damaged, or cannot be fetched; the signal's reason when aborted
 */
export async function readImages(data: string, split: Split, options: ImageOptions = {}): Promise<ImageSet> {
  return findNamed('data in the zoo', data, collections).read(split, options)
}
