import { z } from '@hono/zod-openapi'
import { truthKinds } from '@loadbearing/ranking'
import type { Cost } from '../data/dataset.ts'

/** A field with what it says, and the unit where it has one. */
export function described<T extends z.ZodType>(schema: T, description: string): T {
  return schema.openapi({ description })
}

export const truth = z.enum(truthKinds).openapi({
  description:
    'What is predicted: accuracy-drop, the share of images that are no longer classified correctly; or bounded-kl, the mean of 1 − exp(−KL(clean ‖ perturbed)).',
})

/** `?truth=`, the accuracy drop where it is left out. */
export const truthQuery = z.strictObject({ truth: truth.default('accuracy-drop') })

/** A parameter that may be repeated, once for each name. */
export function repeatedName(description: string, example: string) {
  return z
    .union([z.string().transform((name) => [name]), z.array(z.string())])
    .optional()
    .openapi({
      param: { description: `${description} Repeat it for several; all where left out.`, style: 'form', explode: true },
      type: 'array',
      items: { type: 'string' },
      example: [example],
    })
}

export const source = z
  .object({
    title: described(z.string(), 'Title of the source.'),
    url: described(z.string(), 'Address of the source.'),
  })
  .readonly()
  .openapi('Source')

export const interval = z
  .object({
    value: described(z.number(), 'Pooled over live levels, repeats and images; a fraction.'),
    low: described(z.number(), 'Lower end of the 95 % interval.'),
    high: described(z.number(), 'Upper end of the 95 % interval.'),
  })
  .readonly()
  .openapi('Truth')

export const cost = z
  .object({
    seconds: described(z.number(), 'Wall-clock time, in seconds.'),
    cpuSeconds: described(z.number(), 'Processor time of all threads, in seconds.'),
    peakMemory: described(
      z.number().nullable(),
      'Highest resident memory above idle, in a process of its own, in bytes; null where it was not measured.',
    ),
    images: described(z.number(), 'Different images that it used.'),
    forwards: described(z.number(), 'Forward passes of one image.'),
    backwards: described(z.number(), 'Backward passes of one image.'),
    forwardsPerScore: described(
      z.number(),
      'Forward passes of one image for every score: a layer, or a layer at one level where the criterion is aware of the perturbation.',
    ),
  })
  .readonly()
  .openapi('Cost') satisfies z.ZodType<Cost>

const sizes = {
  parameters: described(z.number().nullable(), "Spearman's ρ between scores and weights."),
  macs: described(z.number().nullable(), "Spearman's ρ between scores and multiply-accumulates."),
  depth: described(z.number().nullable(), "Spearman's ρ between scores and position in order of execution."),
}

export const sizeCorrelations = z.object(sizes).readonly().openapi('SizeCorrelations')

export const sizeEffect = z
  .object({
    model: described(z.string(), 'Name of the model.'),
    perturbation: described(z.string().nullable(), 'Name of the perturbation; null where the criterion is not aware.'),
    layers: described(z.number().int(), 'Layers with a score.'),
    ...sizes,
    constant: described(z.boolean(), 'Whether it gave all of them the same score: ρ = 0 then.'),
  })
  .readonly()
  .openapi('SizeEffect')

export const track = z
  .enum(['predictor', 'probe'])
  .openapi({ description: 'predictor: no perturbed forward pass; probe: some.' })

export const ceiling = z.number().nullable().openapi({
  description:
    "Noise ceiling: the highest correlation that the truth's own noise allows. Null where it cannot be estimated.",
})

const statistic = (description: string) => described(z.number().nullable(), description)

/** How well scores order layers. */
export const statistics = {
  share: statistic("Spearman's ρ as share of the noise ceiling; not clipped."),
  shareLow: statistic('Lower end of the 95 % interval of the share.'),
  shareHigh: statistic('Upper end of the 95 % interval of the share.'),
  kendall: statistic("Kendall's τ-b."),
  recallTop20: statistic('Share of the 20 % most important layers among its top 20 %.'),
  ndcg: statistic('Normalised discounted cumulative gain.'),
  regret: statistic(
    'What is lost by protecting the layers it picks instead of those that matter most; a fraction, in the unit of the truth.',
  ),
} as const

export const ranking = z
  .object({
    spearman: statistic("Spearman's ρ between scores and truth."),
    ...statistics,
    constant: described(z.boolean(), 'Whether it gave every layer the same score: ρ = 0 then.'),
    failedLayers: described(z.number().int(), 'Measured layers without a score.'),
    reason: described(z.string().nullable(), 'Why it failed, where it did.'),
  })
  .readonly()
  .openapi('Ranking')
