import { batchFirst, InputError, type Tensor } from '@loadbearing/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type OnnxModel, openNetwork, openObserved, openSuffixes, readModel } from '../src/index.ts'
import { expectCloseTo } from './close-to.ts'
import { file, node, tensor } from './graph-builder.ts'
import { type ReferenceModel, referenceModels, toleranceOf } from './reference-models.ts'

const references = await referenceModels()

/** What the engines make of the reference's output: logarithms of its probabilities. */
function logits({ scores }: OnnxModel['output'], { shape, data }: Tensor): Tensor {
  return { shape, data: scores === 'probabilities' ? data.map(Math.log) : data }
}

function changedBy({ shape, data }: Tensor, factor: number): Tensor {
  return { shape, data: data.map((value) => value * factor) }
}

async function wholeGraph(model: OnnxModel, file: Uint8Array, images: Tensor): Promise<Tensor> {
  const network = await openNetwork(model, file)
  try {
    return await network.run(images)
  } finally {
    await network.release()
  }
}

/** `count` examples, drawn from those that there are, again and again. */
function repeated({ shape, data }: Tensor, count: number): Tensor {
  const size = data.length / shape[0]!
  const length = count * size
  return {
    shape: [count, ...shape.slice(1)],
    data: Float32Array.from({ length }, (_, i) => data[(i * 7 + Math.floor(i / size)) % data.length]!),
  }
}

function examples({ shape, data }: Tensor, start: number, end: number): Tensor {
  const size = data.length / shape[0]!
  return { shape: [end - start, ...shape.slice(1)], data: data.slice(start * size, end * size) }
}

describe.each(references)('$name', (reference) => {
  const tolerance = toleranceOf(reference)

  it('holds the weights that the reference implementation makes of what is stored', async () => {
    const model = await readModel(reference.bytes, { name: reference.name })
    for (const layer of model.layers) {
      const expected = reference.weights[layer.name]
      if (expected) expect(model.weight(layer)).toEqual(expected)
    }
    expect(Object.keys(reference.weights).filter((name) => !model.layers.some((layer) => layer.name === name))).toEqual(
      [],
    )
  })

  it('as a whole gives what the reference implementation gives', async () => {
    const model = await readModel(reference.bytes, { name: reference.name })
    const scores = await wholeGraph(model, reference.bytes, reference.images)
    expectCloseTo(scores, logits(model.output, reference.scores), tolerance)
  })

  it('behind each layer gives what the reference implementation gives, with the own weight and with another', async () => {
    const model = await readModel(reference.bytes, { name: reference.name })
    const engine = await openSuffixes(model)
    const clean = await engine.advance(reference.images)
    expectCloseTo(clean, logits(model.output, reference.scores), tolerance)
    for (const layer of model.layers) {
      const weight = model.weight(layer)
      expectCloseTo(await engine.run(layer, weight), clean, tolerance)
      const expected = logits(model.output, reference.changed[layer.name]!)
      expectCloseTo(await engine.run(layer, changedBy(weight, -0.5)), expected, tolerance)
    }
    await engine.release()
  })

  it('shows what the reference implementation computes around each layer', async () => {
    const model = await readModel(reference.bytes, { name: reference.name })
    const observed = await openObserved(model)
    const activations = await observed.activations(reference.images)
    expect([...activations.keys()]).toEqual(model.layers.map(({ name }) => name))
    const expected: Readonly<Record<string, Tensor>> = { images: reference.images, ...reference.activations }
    for (const { name, reads, makes } of reference.layers) {
      const rows = (tensor: string): Tensor => batchFirst(expected[tensor]!, model.batchAxis(tensor) ?? 0)
      expectCloseTo(activations.get(name)?.input, rows(reads), tolerance)
      expectCloseTo(activations.get(name)?.output, rows(makes), tolerance)
    }
    await observed.release()
  })

  it('gives the same behind a layer as in a file with that weight, whatever the weight', async () => {
    const model = await readModel(reference.bytes, { name: reference.name })
    const engine = await openSuffixes(model)
    const images = repeated(reference.images, 40)
    await engine.advance(images)
    const draws = fc.constantFrom(...model.layers).chain((layer) =>
      fc.tuple(
        fc.constant(layer),
        fc.array(fc.float({ min: -2, max: 2, noNaN: true }), {
          minLength: layer.parameters,
          maxLength: layer.parameters,
          size: 'max',
        }),
      ),
    )
    await fc.assert(
      fc.asyncProperty(draws, async ([layer, values]) => {
        const weight = { shape: layer.weightShape, data: Float32Array.from(values) }
        const expected = await wholeGraph(model, model.encodeWith(new Map([[layer.name, weight]])), images)
        expectCloseTo(await engine.run(layer, weight), expected, tolerance)
      }),
      { numRuns: 8 },
    )
    await engine.release()
  })

  it('gives the same in chunks of any size', async () => {
    const model = await readModel(reference.bytes, { name: reference.name })
    const images = repeated(reference.images, 70)
    const engine = await openSuffixes(model)
    const inChunks = async (size: number): Promise<Tensor[]> => {
      const parts: Tensor[][] = model.layers.map(() => [])
      for (let start = 0; start < 70; start += size) {
        await engine.advance(examples(images, start, Math.min(70, start + size)))
        for (const [i, layer] of model.layers.entries()) {
          parts[i]!.push(await engine.run(layer, changedBy(model.weight(layer), 2)))
        }
      }
      return parts.map((chunks) => ({
        shape: [70, model.output.classes],
        data: Float32Array.from(chunks.flatMap(({ data }) => [...data])),
      }))
    }
    const whole = await inChunks(70)
    for (const size of [1, 33, 64]) {
      for (const [i, chunked] of (await inChunks(size)).entries()) expectCloseTo(chunked, whole[i]!, tolerance)
    }
    await engine.release()
  })
})

describe('the part behind a layer', async () => {
  const named = (name: string): ReferenceModel => references.find((reference) => reference.name === name)!
  const read = async (name: string): Promise<OnnxModel> => readModel(named(name).bytes, { name })
  const frontierOf = (model: OnnxModel, layer: string): readonly string[] =>
    model.suffix(model.layers.find(({ name }) => name === layer)!).frontier

  it('reads what stands in front of it: two activations within a residual block', async () => {
    const blocks = await read('blocks')
    expect(frontierOf(blocks, 'stem.weight')).toEqual(['images'])
    expect(frontierOf(blocks, 'branch.weight').toSorted()).toEqual(['images', 'stem_active'])
    expect(frontierOf(blocks, 'squeeze.weight').toSorted()).toEqual([
      'branch_norm',
      'images',
      'squeezed',
      'stem_active',
    ])
    expect(frontierOf(blocks, 'classes.weight')).toEqual(['flat'])
  })

  it('reads what the branches of an If read', async () => {
    expect(frontierOf(await read('shared'), 'other.weight').toSorted()).toEqual(['flat', 'hidden', 'is_high'])
  })

  it('starts at the first of two nodes that share a weight', async () => {
    expect(frontierOf(await read('shared'), 'twice.weight')).toEqual(['images'])
  })

  it('does not hold what stands in front of it', async () => {
    const model = await read('convolutions')
    const sizes = model.layers.map((layer) => model.suffix(layer).encode().length)
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a))
    expect(sizes.at(-1)).toBeLessThan(sizes[0]! / 2)
  })
})

it('runs a file whose nodes stand in another order', async () => {
  const first = node('MatMul', ['images', 'weight'], 'hidden')
  const second = node('MatMul', ['hidden', 'other'], 'scores')
  const initializers = [tensor('weight', [4, 3], [1, 2, 3]), tensor('other', [3, 3], [-1, 0, 2])]
  const bytes = file({ nodes: [second, first], initializers })
  const model = await readModel(bytes, { name: 'unsorted' })
  expect(model.layers.map(({ name }) => name)).toEqual(['weight', 'other'])
  const images = { shape: [1, 4], data: new Float32Array([1, 2, 3, 4]) }
  const engine = await openSuffixes(model)
  await engine.advance(images)
  const doubled = changedBy(model.weight(model.layers[0]!), 2)
  const expected = await wholeGraph(model, model.encodeWith(new Map([['weight', doubled]])), images)
  expect(await engine.run(model.layers[0]!, doubled)).toEqual(expected)
  await engine.release()
})

it('runs a long file whose nodes stand in reverse', async () => {
  const names = ['images', ...Array.from({ length: 3000 }, (_, i) => `step${i}`)]
  const steps = names.slice(1).map((made, i) => node('Neg', [names[i]!], made))
  const bytes = file({ nodes: [node('MatMul', [names.at(-1)!, 'weight'], 'scores'), ...steps.toReversed()] })
  const model = await readModel(bytes, { name: 'reversed' })
  const images = { shape: [1, 4], data: new Float32Array([1, 2, 3, 4]) }
  expect([...(await wholeGraph(model, bytes, images)).data]).toEqual([10, 10, 10])
  const engine = await openSuffixes(model)
  await engine.advance(images)
  const [layer] = model.layers
  expect([...(await engine.run(layer!, changedBy(model.weight(layer!), 2))).data]).toEqual([20, 20, 20])
  await engine.release()
})

it('gives a finite logit where a Softmax underflows', async () => {
  const bytes = file({ nodes: [node('MatMul', ['images', 'weight'], 'made'), node('Softmax', ['made'], 'scores')] })
  const model = await readModel(bytes, { name: 'softmax' })
  const weight = { shape: [4, 3], data: new Float32Array(12).fill(0) }
  weight.data[0] = 500
  const scores = await wholeGraph(model, model.encodeWith(new Map([['weight', weight]])), {
    shape: [1, 4],
    data: new Float32Array([1, 0, 0, 0]),
  })
  expect(scores.data[0]).toBe(0)
  expect([...scores.data.slice(1)]).toEqual([expect.closeTo(-103.28, 2), expect.closeTo(-103.28, 2)])
})

describe('an engine', async () => {
  const [reference] = references
  const model = await readModel(reference!.bytes, { name: 'convolutions' })
  const [layer, other] = model.layers
  const weight = model.weight(layer!)

  it('wants examples first', async () => {
    const engine = await openSuffixes(model)
    await expect(engine.run(layer!, weight)).rejects.toThrow(
      new InputError('The engine has no examples yet: call advance first.'),
    )
    await engine.release()
  })

  it('serves the layers that it was opened for', async () => {
    const engine = await openSuffixes(model, { weights: [layer!], outputs: [other!] })
    await engine.advance(reference!.images)
    await expect(engine.run(other!, model.weight(other!))).rejects.toThrow(
      new InputError("The engine was not opened for layer 'depthwise.weight' of convolutions."),
    )
    await expect(engine.runOutput(layer!, (output) => output)).rejects.toThrow(
      new InputError("The engine was not opened for the output of layer 'grouped.weight' of convolutions."),
    )
    await engine.release()
  })

  it('refuses a weight of another shape, and one that lacks values', async () => {
    const engine = await openSuffixes(model)
    await engine.advance(reference!.images)
    await expect(engine.run(layer!, { ...weight, shape: [6, 2, 9] })).rejects.toThrow(
      new InputError("Layer 'grouped.weight' has shape [6, 2, 3, 3], not [6, 2, 9]."),
    )
    await expect(engine.run(layer!, { ...weight, data: weight.data.slice(1) })).rejects.toThrow(
      new InputError('A tensor of shape [6, 2, 3, 3] holds 108 values, not 107.'),
    )
    await engine.release()
  })

  it('is asked for several layers at once, and takes one after the other', async () => {
    const engine = await openSuffixes(model, { outputs: [layer!] })
    const logits = await engine.advance(reference!.images)
    const halved = { ...weight, data: weight.data.map((w) => w / 2) }
    const runs = [
      () => engine.run(layer!, halved),
      () => engine.run(other!, model.weight(other!)),
      () => engine.runOutput(layer!, (output) => output),
      () => engine.run(layer!, halved),
    ]
    const alone = []
    for (const run of runs) alone.push(await run())
    expect(await Promise.all(runs.map((run) => run()))).toEqual(alone)
    expectCloseTo(alone[1], logits)
    await engine.release()
  })

  it('runs no more once it is released', async () => {
    const [engine, network, observed] = [
      await openSuffixes(model),
      await openNetwork(model, reference!.bytes),
      await openObserved(model),
    ]
    await engine.advance(reference!.images)
    for (const opened of [engine, network, observed]) await opened.release()
    await expect(engine.run(layer!, weight)).rejects.toThrow(InputError)
    await expect(engine.advance(reference!.images)).rejects.toMatchObject({ code: 'engine' })
    await expect(network.run(reference!.images)).rejects.toMatchObject({ code: 'engine' })
    await expect(observed.activations(reference!.images)).rejects.toMatchObject({ code: 'engine' })
  })

  it('refuses images of another shape, and fewer than they say', async () => {
    const [engine, network, observed] = [
      await openSuffixes(model),
      await openNetwork(model, reference!.bytes),
      await openObserved(model),
    ]
    const wide = { shape: [2, 4, 9, 9], data: new Float32Array(648) }
    const short = { shape: [2, 4, 9, 8], data: new Float32Array(575) }
    for (const run of [engine.advance, network.run, observed.activations]) {
      await expect(run(wide)).rejects.toMatchObject({
        code: 'input',
        message: 'convolutions takes examples of shape [4, 9, 8], not [4, 9, 9].',
        hint: 'Choose data of the size and number of channels that the model was trained on.',
      })
      await expect(run(short)).rejects.toMatchObject({
        code: 'input',
        message: 'A tensor of shape [2, 4, 9, 8] holds 576 values, not 575.',
      })
    }
    for (const opened of [engine, network, observed]) await opened.release()
  })
})
