import { predictedClasses } from '@loadbearing/core'
import type { Preprocessing } from '@loadbearing/images'
import { type Network, openNetwork } from '@loadbearing/onnx'
import { type BenchModel, readBatch } from './model.ts'
import { describePreprocessing } from './model-data.ts'
import { stratifiedOrder } from './seeds.ts'

/** How a model does on calibration images as they are preprocessed, and whether it does better on others. */
export interface PreprocessingCheck {
  readonly images: number
  /** Share of the images that are classified correctly. */
  readonly accuracy: number
  /** Preprocessings that fit significantly better, best first; looked for only where the accuracy is suspicious. */
  readonly alternatives: readonly { readonly options: string; readonly accuracy: number }[]
  /** What to tell a person of it; undefined where nothing is suspicious. */
  readonly warning: string | undefined
}

/** Calibration images that are looked at, and those of them that a preprocessing is tried on first. */
const most = 200
const few = 64

/** A network that is right less often than this is not much of a classifier, or is fed something else than it was trained on. */
const usual = 0.5

/**
 * Checks a model's preprocessing before anything is measured with it: runs up to 200 calibration images. Where fewer than half are
 * right, or not significantly more than twice as many as by chance (two standard errors) and not all, the usual preprocessings are tried:
 * bytes as they are, from 0 to 1, from −1 to 1, and ImageNet's mean and deviation, each on RGB and BGR, and the middle of the image in
 * place of all of it or the other way round. What is right on significantly more of the same images (McNemar, three standard errors) is an
 * alternative. Nothing else is tried on examples that are no images, or with a network that takes whole numbers.
 *
 * @throws InputError naming an image that cannot be decoded; EngineError when the network fails
 */
export async function checkPreprocessing(model: BenchModel): Promise<PreprocessingCheck> {
  const set = await model.images('calibration')
  const indices = stratifiedOrder(set.labels, `${model.data}/calibration`).slice(0, most)
  const network = await openNetwork(model.onnx, model.bytes)
  try {
    const right = await rightWith(model, network, indices, [model.preprocessing])
    const own = right[0]!
    const accuracy = shareOf(own)
    if (!isSuspicious(own, model.onnx.output.classes)) {
      return { images: indices.length, accuracy, alternatives: [], warning: undefined }
    }
    // Numbers that are no images are taken as they are, and so are bytes that are fed as whole numbers.
    if (set.kind === 'numbers' || !model.onnx.input.type.startsWith('float')) {
      return { images: indices.length, accuracy, alternatives: [], warning: plainWarning(model, own) }
    }
    const better = await betterOnes(model, network, indices, own)
    return { images: indices.length, accuracy, alternatives: better, warning: warningOf(model, own, better) }
  } finally {
    await network.release()
  }
}

function isSuspicious(right: readonly boolean[], classes: number): boolean {
  const chance = Math.min(2 / classes, (1 + 1 / classes) / 2)
  const accuracy = shareOf(right)
  // Of few images, all may be right by chance; better than that is none.
  if (accuracy === 1) return false
  return accuracy < usual || accuracy < chance + 2 * Math.sqrt((chance * (1 - chance)) / right.length)
}

interface Tried {
  readonly how: Preprocessing
  readonly right: readonly boolean[]
}

async function betterOnes(
  model: BenchModel,
  network: Network,
  indices: readonly number[],
  own: readonly boolean[],
): Promise<{ readonly options: string; readonly accuracy: number }[]> {
  const attempt = async (hows: readonly Preprocessing[], on: readonly number[]): Promise<Tried[]> => {
    const right = await rightWith(model, network, on, hows)
    return hows.map((how, i) => ({ how, right: right[i]! }))
  }
  const first = indices.slice(0, few)
  const numbers = (await attempt(arithmetics(model), first)).sort(bestFirst)
  const places = await attempt([otherGeometry(model, numbers[0]!.how)], first)
  const confirmed: Tried[] = []
  for (const { how } of [...numbers, ...places].sort(bestFirst).slice(0, 2)) {
    confirmed.push(...(await attempt([how], indices)).filter(({ right }) => isBetter(right, own)))
  }
  return confirmed
    .sort(bestFirst)
    .map(({ how, right }) => ({ options: describePreprocessing(how), accuracy: shareOf(right) }))
}

const bestFirst = (a: Tried, b: Tried): number => shareOf(b.right) - shareOf(a.right)

const imageNet = { scale: 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }

/** The model's own place and size of the image with each of the usual ways to make numbers of its bytes. */
function arithmetics({ preprocessing, onnx: { input } }: BenchModel): Preprocessing[] {
  const colour = input.shape[preprocessing.layout === 'nhwc' ? 2 : 0] === 3
  const usualOnes = [
    { scale: 1, mean: [0], std: [1] },
    { scale: 255, mean: [0], std: [1] },
    { scale: 127.5, mean: [1], std: [1] },
    ...(colour ? [imageNet] : []),
  ]
  const { scale, mean, std, channels: _, ...rest } = preprocessing
  const all = [{ scale, mean, std }, ...usualOnes]
  const rgb = all.map((arithmetic) => ({ ...rest, ...arithmetic }))
  return colour ? [...rgb, ...rgb.map((each) => ({ ...each, channels: 'bgr' as const }))] : rgb
}

/** The middle of the image where all of it is taken, and all where the middle is. Images of the zoo stay as they are. */
function otherGeometry({ onnx: { input } }: BenchModel, how: Preprocessing): Preprocessing {
  const { resize: _, crop, ...rest } = how
  const [height = 0, width = 0] = how.layout === 'nhwc' ? input.shape : input.shape.slice(1)
  const size = { height, width }
  if (crop) return { ...rest, resize: size }
  // As most networks of ImageNet are evaluated: the shorter side at 256, and 224 of it.
  return { ...rest, resize: { shorter: Math.round((Math.max(height, width) * 256) / 224) }, crop: size }
}

/** Which images are classified correctly, with each of several preprocessings that resize and crop alike. */
async function rightWith(
  model: BenchModel,
  network: Network,
  indices: readonly number[],
  tried: readonly Preprocessing[],
): Promise<boolean[][]> {
  const set = await model.images('calibration', tried[0])
  const right = tried.map((): boolean[] => [])
  for (let start = 0; start < indices.length; start += few) {
    const batch = indices.slice(start, start + few)
    const batchWith = await readBatch(set, batch)
    for (const [which, how] of tried.entries()) {
      const predicted = predictedClasses(await network.run(batchWith(how)))
      right[which]!.push(...batch.map((index, i) => predicted[i] === set.labels[index]))
    }
  }
  return right
}

const shareOf = (right: readonly boolean[]): number => right.filter(Boolean).length / right.length

function isBetter(right: readonly boolean[], own: readonly boolean[]): boolean {
  const won = right.filter((is, i) => is && !own[i]).length
  const lost = right.filter((is, i) => !is && own[i]).length
  return won - lost > 3 * Math.sqrt(won + lost)
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

function plainWarning({ name }: BenchModel, own: readonly boolean[]): string {
  return `${name} is right on only ${percent(shareOf(own))} of ${own.length} calibration examples: are they as the model was trained on them, and the classes in the order of its outputs (--labels)?`
}

function warningOf(
  { name, preprocessing }: BenchModel,
  own: readonly boolean[],
  better: readonly { readonly options: string; readonly accuracy: number }[],
): string {
  const found = `${name} is right on only ${percent(shareOf(own))} of ${own.length} calibration images, preprocessed by ${describePreprocessing(preprocessing)}.`
  const [best] = better
  if (!best) {
    return `${found} None of the usual preprocessings fits much better: are the classes in the order of the model's outputs (--labels)?`
  }
  return `${found} It is right on ${percent(best.accuracy)} with ${best.options}: give these options if that is how it was trained.`
}
