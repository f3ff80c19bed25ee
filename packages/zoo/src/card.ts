import { z } from 'zod'

/** What is known about a network of the zoo; the trainer writes it beside the ONNX file. */
export const modelCard = z.object({
  name: z.string(),
  title: z.string(),
  /** Architecture family: networks that aggregates treat as one kind. */
  family: z.string(),
  data: z.string(),
  /** An input value is (byte / scale − mean) / std, by channel. */
  preprocessing: z.object({ scale: z.number(), mean: z.array(z.number()), std: z.array(z.number()) }),
  /** The whole configuration of the training. */
  recipe: z.record(z.string(), z.unknown()),
  curve: z.array(z.object({ epoch: z.int(), trainLoss: z.number(), testAccuracy: z.number() })),
  /** Measured by PyTorch on the whole test split; the interval is Wilson's, 95 %. */
  test: z.object({
    images: z.int(),
    correct: z.int(),
    accuracy: z.number(),
    interval95: z.tuple([z.number(), z.number()]),
  }),
  /** Learned numbers in the network, biases included. */
  parameters: z.int(),
  /** What `loadbearing layers` lists: learned weight tensors with the nodes that consume them. */
  layers: z.int(),
  /** Multiply-accumulates of one example in all layers, biases not counted. */
  macs: z.int(),
  bytes: z.int(),
  sha256: z.string().length(64),
  /** Of NAME.initial.onnx: the same graph with every layer's weight as it was before training; missing where that was not kept. */
  initialSha256: z.string().length(64).optional(),
  licence: z.string(),
  command: z.string(),
  versions: z.record(z.string(), z.string()),
  notes: z.string(),
})

export type ModelCard = z.infer<typeof modelCard>
export type Preprocessing = ModelCard['preprocessing']
