import { type LabelledImages, openUserImages } from '../src/index.ts'

/** What images are opened for: a model of a few classes on pictures of 6 × 4. */
export const asked = (classes: number, labels?: string) => ({ model: 'mine', classes, labels })

export const size = { height: 4, width: 6 }

/** All images of some data, in RGB as they are stored. */
export async function allOf(path: string, classes: number, labels?: string): Promise<LabelledImages> {
  const { images } = await openUserImages(path, asked(classes, labels))
  return images('all', 3, size, {})
}

/** The last pixel of each image, which has its colour. */
export async function colours(images: LabelledImages, indices = [...images.labels.keys()]): Promise<number[]> {
  const bytes = await images.read(indices)
  return indices.map((_, row) => bytes[row * 72 + 23]!)
}
