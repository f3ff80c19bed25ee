import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fixture, pillow } from './fixtures.ts'
import { folderWith } from './temporary-folder.ts'
import { decoded } from '../src/decode.ts'
import { placed } from '../src/geometry.ts'
import { findPreprocessor, normalised, parsePreprocessor, readPreprocessor } from '../src/index.ts'

describe.each(['wide', 'tall'] as const)('a %s picture becomes what transformers makes of it', (which) => {
  it.each(pillow.processors[which])('$name', async ({ config, shape, sum, values }) => {
    const preprocessing = parsePreprocessor(JSON.stringify(config), 'preprocessor_config.json')
    const image = placed(await decoded(readFileSync(fixture(`${which}.png`)), 3), preprocessing)
    expect([image.channels, image.height, image.width]).toEqual(shape)
    const area = image.height * image.width
    const pixels = Uint8Array.from({ length: 3 * area }, (_, i) => image.data[(i % area) * 3 + Math.floor(i / area)]!)
    const { data } = normalised(pixels, shape, preprocessing)
    // transformers works in float32: what differs is the last bits of that.
    for (const [at, value] of values) expect(data[at]).toBeCloseTo(value, 5)
    const scale = data.reduce((total, value) => total + Math.abs(value), 0)
    expect(Math.abs(data.reduce((total, value) => total + value, 0) - sum) / scale).toBeLessThan(1e-6)
  })
})

describe('bytes become numbers', () => {
  // Two images of 1 × 2 pixels: red 0 1, green 10 11, blue 20 21; then the same plus 100.
  const pixels = Uint8Array.from([0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121])
  const shape = [3, 1, 2] as const
  const plain = { scale: 1, mean: [0], std: [1] }

  it('by channel: (byte / scale − mean) / std', () => {
    const { data } = normalised(pixels, shape, { scale: 10, mean: [0, 1, 2], std: [1, 0.5, 2] })
    const expected = [0, 0.1, 0, 0.2, 0, 0.05, 10, 10.1, 20, 20.2, 5, 5.05]
    expect([...data]).toEqual(expected.map((value) => expect.closeTo(value, 5) as number))
  })

  it('with the channels behind, and in the other order, where the network has them so', () => {
    expect(normalised(pixels, shape, plain)).toMatchObject({ shape: [2, 3, 1, 2] })
    const behind = normalised(pixels, shape, { ...plain, layout: 'nhwc' })
    expect(behind.shape).toEqual([2, 1, 2, 3])
    expect([...behind.data]).toEqual([0, 10, 20, 1, 11, 21, 100, 110, 120, 101, 111, 121])
    const turned = normalised(pixels, shape, { ...plain, mean: [1, 2, 3], channels: 'bgr', layout: 'nhwc' })
    expect([...turned.data].slice(0, 6)).toEqual([19, 8, -3, 20, 9, -2])
  })

  it('not with means of two channels for three', () => {
    expect(() => normalised(pixels, shape, { ...plain, mean: [1, 2] })).toThrow(
      'The preprocessing has 2 means and 3 deviations for 3 channels.',
    )
  })
})

const parse = (config: object) => parsePreprocessor(JSON.stringify(config), 'p.json')

describe('a preprocessor_config.json', () => {
  it('of old has sizes of one number: squares, but for processors that keep the shape', () => {
    const old = { do_resize: true, size: 224, resample: 2, do_normalize: true, image_mean: [0.5], image_std: [0.25] }
    const vit = { ...old, feature_extractor_type: 'ViTFeatureExtractor' }
    expect(parse(vit)).toEqual({
      resize: { height: 224, width: 224 },
      resample: 'bilinear',
      scale: 255,
      mean: [0.5],
      std: [0.25],
    })
    const clip = { ...old, feature_extractor_type: 'CLIPFeatureExtractor', do_center_crop: true, crop_size: 200 }
    expect(parse(clip)).toMatchObject({ resize: { shorter: 224 }, crop: { height: 200, width: 200 } })
  })

  it('may flip the colours, and leave out all the rest', () => {
    expect(parse({ do_flip_channel_order: true })).toEqual({ channels: 'bgr', scale: 255, mean: [0], std: [1] })
    expect(parse({ do_rescale: false, do_normalize: false, image_mean: [9], image_std: [9] })).toEqual({
      scale: 1,
      mean: [0],
      std: [1],
    })
  })

  it.each([
    [{ size: { shortest_edge: 800, longest_edge: 1333 } }, /its size cannot be used/],
    [{ do_pad: true }, /its do_pad cannot be used \(padding is not supported\)/],
    [{ rescale_offset: true }, /its rescale_offset cannot be used \(an offset is not supported\)/],
    [{ image_mean: 'grey' }, /its image_mean cannot be used/],
  ])('that says what we cannot do is refused: %j', (config, sentence) => {
    const error = expect.objectContaining({
      code: 'input',
      message: expect.stringMatching(sentence) as string,
      hint: expect.stringContaining('--preprocessor FILE') as string,
    }) as Error
    expect(() => parse(config)).toThrow(error)
  })

  it('that is no JSON, or not there, is refused', async () => {
    expect(() => parsePreprocessor('{', 'p.json')).toThrow('The preprocessor p.json cannot be followed: it is no JSON.')
    await expect(readPreprocessor('none.json')).rejects.toThrow(
      'The preprocessor none.json cannot be read: there is no such file or folder.',
    )
  })

  it('is found beside a model, or in the folder above', async () => {
    const [near, far] = [JSON.stringify({ rescale_factor: 0.5 }), JSON.stringify({ rescale_factor: 0.25 })]
    const beside = folderWith({ 'preprocessor_config.json': far, 'onnx/preprocessor_config.json': near })
    const above = folderWith({ 'preprocessor_config.json': far })
    const scaleFor = async (model: string) => (await findPreprocessor(model))?.preprocessing.scale
    expect(await scaleFor(join(beside, 'onnx/model.onnx'))).toBe(2)
    expect(await scaleFor(join(above, 'onnx/model.onnx'))).toBe(4)
    expect(await scaleFor(join(above, 'model.onnx'))).toBe(4)
    expect(await scaleFor(join(above, 'a/b/model.onnx'))).toBeUndefined()
  })
})
