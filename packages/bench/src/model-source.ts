import { z } from 'zod'

const size = z.object({ height: z.int().positive(), width: z.int().positive() })

const preprocessing = z.object({
  resize: z.union([z.object({ shorter: z.int().positive() }), size]).exactOptional(),
  resample: z.enum(['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos']).exactOptional(),
  crop: size.exactOptional(),
  channels: z.enum(['rgb', 'bgr']).exactOptional(),
  scale: z.number().exactOptional(),
  mean: z.array(z.number()).readonly().exactOptional(),
  std: z.array(z.number()).readonly().exactOptional(),
  layout: z.enum(['nchw', 'nhwc']).exactOptional(),
})

/** What a model is and what it is measured on, small enough to hand to a worker and to keep in a plan. */
export const modelSource = z
  .object({
    /** 'zoo:NAME' or the path of an ONNX file. */
    reference: z.string(),
    /** 'zoo:NAME' of the images, or the path of a user's own; a zoo model's own by default. */
    data: z.string().exactOptional(),
    /** Images for calibration, named alike; by default a part of `data` (of the zoo's its own). */
    calibration: z.string().exactOptional(),
    /** A file that says which output each class of a user's images is. */
    labels: z.string().exactOptional(),
    /** A preprocessor_config.json; by default the one that lies with the model's file. Null: none is looked for. */
    preprocessor: z.string().nullable().exactOptional(),
    /** What is given of the preprocessing, over that of the preprocessor or the zoo; bytes / 255 where nothing is said. */
    preprocessing: preprocessing.exactOptional(),
  })
  .readonly()

export type ModelSource = z.infer<typeof modelSource>
