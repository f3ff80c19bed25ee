import { createHash } from 'node:crypto'

/** Of every class about this share is for calibration. */
const share = 1 / 5

/** More calibration images than this are truth after all. */
const most = 1024

/** Indices of the images that a criterion may see, and of those that the ground truth is measured on; each in order. */
export interface SplitImages {
  readonly calibration: number[]
  readonly test: number[]
}

/**
 * Splits one set of images into calibration and truth by what they are called alone, so that more images move none of those that are
 * there (but at the two ends that follow). An image's place is the SHA-256 of 'loadbearing/split/1', a line break and its key (the
 * path within the data, with forward slashes; 'row N' in a table), as a fraction of 2^256.
 *
 * It is for calibration where its place is below 1/5. A class of at least 5 images has one in calibration in any case, that of the lowest place;
 * every class has one in the truth, that of the highest. At most 1,024 images are for calibration: the first by their rank in their
 * class, then by their place. If so none would be, the image of the lowest place is whose class has another.
 *
 * @param labels class of each image
 */
export function splitImages(keys: readonly string[], labels: ArrayLike<number>): SplitImages {
  const images = keys.map((key, index) => ({ index, label: labels[index]!, place: placeOf(key) }))
  const classes = new Map<number, (typeof images)[number][]>()
  for (const image of images.sort((a, b) => (a.place < b.place ? -1 : 1))) {
    const members = classes.get(image.label)
    if (members) members.push(image)
    else classes.set(image.label, [image])
  }
  const ranked = [...classes.values()].flatMap((members) =>
    members.map((image, rank) => ({
      ...image,
      rank,
      spare: rank < members.length - 1,
      below: Number.parseInt(image.place.slice(0, 12), 16) < share * 2 ** 48 || (rank === 0 && members.length >= 5),
    })),
  )
  const inOrder = ranked.filter(({ spare }) => spare).sort((a, b) => a.rank - b.rank || (a.place < b.place ? -1 : 1))
  const chosen = inOrder.filter(({ below }) => below).slice(0, most)
  const calibration = new Set((chosen.length > 0 ? chosen : inOrder.slice(0, 1)).map(({ index }) => index))
  const indices = [...keys.keys()]
  return {
    calibration: indices.filter((index) => calibration.has(index)),
    test: indices.filter((index) => !calibration.has(index)),
  }
}

const placeOf = (key: string): string => createHash('sha256').update(`loadbearing/split/1\n${key}`).digest('hex')
