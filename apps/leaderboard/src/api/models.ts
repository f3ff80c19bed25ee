import { createRoute, z } from '@hono/zod-openapi'
import type { Model } from '../data/dataset.ts'
import type { Api } from './environment.ts'
import { failures, failuresOfNames, findOrNotFound } from './errors.ts'
import { described } from './fields.ts'

const fields = {
  name: described(z.string(), 'Name, as in zoo:NAME, or that of the file.'),
  title: described(z.string(), 'What it is, for a person.'),
  family: described(z.string(), 'Architecture family: models that aggregates treat as one kind.'),
  data: described(z.string(), 'The images that it classifies.'),
  sha256: described(z.string(), 'SHA-256 of the ONNX file, in hex.'),
  opset: described(z.number().int(), 'Version of the ONNX operators.'),
  layers: described(z.number().int(), 'Number of layers.'),
  parameters: described(z.number().int(), 'Weights in its layers; biases are not counted.'),
  macs: described(z.number(), 'Multiply-accumulates of its layers for one image.'),
  classes: described(z.number().int(), 'Number of classes.'),
  images: described(z.number().int(), 'Test images it was measured on.'),
  cleanCorrect: described(z.number().int(), 'Of those, classified correctly without a perturbation.'),
  cleanAccuracy: described(z.number(), 'The same, as a fraction.'),
  cleanLoss: described(z.number(), 'Mean cross-entropy without a perturbation, in nats.'),
  licence: described(z.string().nullable(), 'Licence of the network, where known.'),
}

const summary = z.object(fields).openapi('ModelSummary')

const shape = (description: string) => described(z.array(z.number().int()).readonly(), description)

const layer = z
  .object({
    depth: described(z.number().int(), 'Position in order of execution, from 0.'),
    name: described(z.string(), "The weight tensor's name in the ONNX file."),
    op: described(z.string(), 'ONNX operator: Conv, ConvTranspose, Gemm or MatMul.'),
    nodes: described(z.array(z.string()).readonly(), 'Names of the consuming nodes.'),
    weightShape: shape('Shape of the weight.'),
    groups: described(z.number().int(), 'Groups of a convolution; 1 otherwise.'),
    parameters: described(z.number().int(), 'Weights; the bias is not counted.'),
    macs: described(z.number(), 'Multiply-accumulates for one image.'),
    inputShape: shape('Shape of its input for one image.'),
    outputShape: shape('Shape of its output for one image.'),
  })
  .openapi('Layer')

const level = z
  .object({
    level: described(z.number().int(), "Index in the perturbation's grid."),
    intensity: described(z.number(), "How strongly; the perturbation's unit."),
    repeats: described(z.number().int(), 'Draws that were measured.'),
    drop: described(
      z.number().nullable(),
      'Mean accuracy lost over the draws, a fraction; null where none was measured.',
    ),
    least: described(z.number().nullable(), 'Least drop of a draw.'),
    greatest: described(z.number().nullable(), 'Greatest drop of a draw.'),
    boundedKl: described(z.number().nullable(), 'Mean bounded KL over the draws, a fraction.'),
    reason: described(z.string().nullable(), 'Why a draw was not measured, where one was not.'),
  })
  .readonly()
  .openapi('LevelSensitivity')

const sensitivity = z
  .object({
    perturbation: described(z.string(), 'Name of the perturbation.'),
    unit: described(z.string(), 'What an intensity counts.'),
    intensities: described(z.array(z.number()).readonly(), 'The grid, weakest first.'),
    layers: described(
      z.array(
        z.object({
          layer: described(z.string(), 'Name of the layer.'),
          levels: described(z.array(level).readonly(), 'An entry an intensity, weakest first.'),
        }),
      ),
      'In order of depth.',
    ),
  })
  .openapi('Sensitivity')

const detail = z
  .object({
    ...fields,
    layers: described(z.array(layer), 'In order of depth.'),
    sensitivity: described(z.array(sensitivity), 'What each layer loses under each perturbation that was measured.'),
  })
  .openapi('Model')

const list = createRoute({
  method: 'get',
  path: '/models',
  tags: ['Models'],
  summary: 'All measured networks',
  request: { query: z.strictObject({}) },
  responses: {
    200: {
      description: 'A row a model.',
      content: { 'application/json': { schema: z.object({ models: z.array(summary) }).openapi('Models') } },
    },
    ...failures,
  },
})

const one = createRoute({
  method: 'get',
  path: '/models/{name}',
  tags: ['Models'],
  summary: 'One network: its layers and how sensitive they are',
  request: {
    params: z.object({ name: z.string().openapi({ description: 'Name of the model.', example: 'resnet8-fashion' }) }),
    query: z.strictObject({}),
  },
  responses: {
    200: { description: 'The model.', content: { 'application/json': { schema: detail } } },
    ...failuresOfNames,
  },
})

export function addModels(api: Api): void {
  api.openapi(list, (c) => c.json({ models: c.get('dataset').models.map(summaryOf) }, 200))
  api.openapi(one, (c) => {
    const dataset = c.get('dataset')
    const model = findOrNotFound('measured model', c.req.valid('param').name, dataset.models)
    return c.json(
      {
        ...summaryOf(model),
        layers: model.layers.map(({ id: _, ...rest }) => rest),
        sensitivity: dataset.sensitivity
          .filter((table) => table.model === model)
          .map(({ perturbation, layers }) => ({
            perturbation: perturbation.name,
            unit: perturbation.unit,
            intensities: perturbation.intensities,
            layers: layers.map((levels, depth) => ({ layer: model.layers[depth]!.name, levels })),
          })),
      },
      200,
    )
  })
}

function summaryOf({ id: _, layers, ...rest }: Model) {
  return { ...rest, layers: layers.length }
}
