import { readFile } from 'node:fs/promises'
import { InputError } from '@loadbearing/core'
import { z } from 'zod'
import { readBeside } from './beside-model.ts'
import { reasonOf } from './file-failure.ts'
import type { Geometry } from './geometry.ts'
import type { Preprocessing, Size } from './preprocessing.ts'
import type { Resample } from './resample.ts'

const size = z.union([
  z.int().positive(),
  z.strictObject({ shortest_edge: z.int().positive() }),
  z.strictObject({ height: z.int().positive(), width: z.int().positive() }),
])

const perChannel = z.union([z.number(), z.array(z.number())])

const configuration = z.looseObject({
  image_processor_type: z.string().optional(),
  feature_extractor_type: z.string().optional(),
  do_resize: z.boolean().nullish(),
  size: size.nullish(),
  crop_pct: z.number().positive().nullish(),
  resample: z.int().min(0).max(5).nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: size.nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().positive().nullish(),
  rescale_offset: z.literal(false, 'an offset is not supported').nullish(),
  do_normalize: z.boolean().nullish(),
  include_top: z.boolean().nullish(),
  image_mean: perChannel.nullish(),
  image_std: perChannel.nullish(),
  do_flip_channel_order: z.boolean().nullish(),
  do_pad: z.literal(false, 'padding is not supported').nullish(),
  do_thumbnail: z.literal(false, 'thumbnails are not supported').nullish(),
})

type Configuration = z.infer<typeof configuration>

const fileName = 'preprocessor_config.json'

/** A `preprocessor_config.json` beside a model's file, or in the folder above, where the hub keeps it of `onnx/model.onnx`. */
export async function findPreprocessor(
  model: string,
): Promise<{ readonly path: string; readonly preprocessing: Preprocessing } | undefined> {
  const found = await readBeside(model, fileName)
  return found && { path: found.path, preprocessing: parsePreprocessor(found.text, found.path) }
}

/** Reads a preprocessor_config.json. @throws InputError when it is missing or says what we cannot do */
export async function readPreprocessor(path: string): Promise<Preprocessing> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new InputError(`The preprocessor ${path} cannot be read: ${reasonOf(cause)}.`, {
      hint: 'Name the preprocessor_config.json of the model: --preprocessor FILE.',
      cause,
    })
  })
  return parsePreprocessor(text, path)
}

/**
 * What a preprocessor_config.json of transformers says is done to an image, as the image processor of its type does it in Pillow and
 * NumPy. What it leaves out has transformers' default.
 *
 * @param path what to call it in errors
 * @throws InputError when it is damaged, or says what we cannot do
 */
export function parsePreprocessor(text: string, path: string): Preprocessing {
  let given: Configuration
  try {
    given = configuration.parse(JSON.parse(text))
  } catch (cause) {
    const [issue] = cause instanceof z.ZodError ? cause.issues : []
    const what = issue ? `its ${issue.path.join('.') || 'content'} cannot be used (${issue.message})` : 'it is no JSON'
    throw new InputError(`The preprocessor ${path} cannot be followed: ${what}.`, {
      hint: 'Say what it does by options (--resize --crop --scale --mean --std), or name another: --preprocessor FILE.',
      cause,
    })
  }
  const type = given.image_processor_type ?? given.feature_extractor_type ?? ''
  return { ...geometryOf(given, type), ...arithmeticOf(given, type) }
}

// Image processors whose `size` as one number is the shorter side; the others make squares of it.
const keepsShape = /^(Bit|CLIP|ChineseCLIP|ConvNe[xX]t|Levit|MobileNetV[12]|MobileViT|PoolFormer|TextNet)/

const bilinearByDefault = /^(ViT|MobileNetV[12]|TextNet)/

const resamples: readonly Resample[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming']

type Resize = NonNullable<Preprocessing['resize']>

function geometryOf(given: Configuration, type: string): Pick<Preprocessing, 'resize' | 'crop' | 'resample'> {
  const { resize, crop: after } = resizeOf(given, type)
  const resample = resamples[given.resample ?? (bilinearByDefault.test(type) ? 2 : 3)]!
  const crop = given.crop_size && given.do_center_crop !== false ? cropSize(given.crop_size) : after
  return { ...(resize && { resize, resample }), ...(crop && { crop }) }
}

function resizeOf({ do_resize: does, size: given, crop_pct: fraction }: Configuration, type: string): Geometry {
  if (does === false || !given) return {}
  const asked = resizeSize(given, keepsShape.test(type))
  const larger = (side: number, part: number): number => Math.trunc(side / part)
  if (!('shorter' in asked)) {
    if (!fraction) return { resize: asked }
    const [height, width] = [larger(asked.height, fraction), larger(asked.width, fraction)]
    return { resize: height === width ? { shorter: height } : { height, width } }
  }
  const side = asked.shorter
  if (type.startsWith('Levit')) return { resize: { shorter: Math.trunc((256 / 224) * side) } }
  if (!/^ConvNe[xX]t/.test(type)) return { resize: { shorter: fraction ? larger(side, fraction) : side } }
  const whole = { height: side, width: side }
  // ConvNeXt's processor crops what is small, and takes all of what is large.
  return side < 384 ? { resize: { shorter: larger(side, fraction ?? 224 / 256) }, crop: whole } : { resize: whole }
}

function resizeSize(given: z.infer<typeof size>, keeps: boolean): Resize {
  if (typeof given === 'number') return keeps ? { shorter: given } : { height: given, width: given }
  return 'shortest_edge' in given ? { shorter: given.shortest_edge } : given
}

function cropSize(given: z.infer<typeof size>): Size {
  const asked = resizeSize(given, false)
  return 'shorter' in asked ? { height: asked.shorter, width: asked.shorter } : asked
}

function arithmeticOf(given: Configuration, type: string): Omit<Preprocessing, 'resize' | 'crop' | 'resample'> {
  const scale = given.do_rescale === false ? 1 : 1 / (given.rescale_factor ?? 1 / 255)
  const normalises = given.do_normalize ?? given.image_mean != null
  const list = (value: number | readonly number[] | null | undefined, other: number): readonly number[] =>
    normalises && value != null ? [value].flat() : [other]
  const [mean, once] = [list(given.image_mean, 0), list(given.image_std, 1)]
  // EfficientNet's processor divides by the deviation a second time.
  const twice = given.include_top ?? type.startsWith('EfficientNet')
  const flips = given.do_flip_channel_order ?? type.startsWith('MobileViT')
  return {
    // 1 / (1 / 255) is 255 but for its last bit.
    scale: Math.abs(scale - Math.round(scale)) < 1e-9 ? Math.round(scale) : scale,
    mean,
    std: twice && normalises ? once.map((each) => each * each) : once,
    ...(flips && { channels: 'bgr' as const }),
  }
}
