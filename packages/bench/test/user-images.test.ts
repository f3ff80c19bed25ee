import { appendFileSync, copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { predictedClasses } from '@loadbearing/core'
import { openNetwork } from '@loadbearing/onnx'
import { readImages, readZooModel } from '@loadbearing/zoo'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BenchModel, loadModel, preprocess, readNetwork } from '../src/model.ts'
import { checkPreprocessing } from '../src/self-check.ts'
import { floatNetwork, node } from './float-network.ts'
import { temporaryFolder } from './temporary-folder.ts'

const count = 200
const preprocessing = { scale: 255, mean: [0.286], std: [0.353] }
const zoo = await readImages('fashion-mnist', 'test')
const classes = zoo.classes.map((name) => name.replace('/', '-'))

/** A folder with LeNet, and the first test images as PNG files in a folder `fashion`. */
let folder: string
let [reference, data, labels] = ['', '', '']

beforeAll(async () => {
  folder = temporaryFolder(afterAll)
  ;[reference, data, labels] = [join(folder, 'lenet.onnx'), join(folder, 'fashion'), join(folder, 'labels.json')]
  copyFileSync((await readZooModel('lenet-fashion')).path, reference)
  writeFileSync(labels, JSON.stringify(classes))
  for (const name of classes) mkdirSync(join(data, name), { recursive: true })
  for (let i = 0; i < count; i++) {
    await sharp(zoo.pixels.subarray(i * 784, (i + 1) * 784), { raw: { width: 28, height: 28, channels: 1 } })
      .png()
      .toFile(join(data, classes[zoo.labels[i]!]!, `${i}.png`))
  }
})

/** How many of a model's images are right, both parts of its data together. */
async function rightOf(model: BenchModel): Promise<{ right: number; images: number }> {
  const network = await openNetwork(model.onnx, model.bytes)
  const sum = { right: 0, images: 0 }
  for (const split of ['test', 'calibration'] as const) {
    const images = await model.images(split)
    const predicted = predictedClasses(
      await network.run(await preprocess(images, [...images.labels.keys()], model.preprocessing)),
    )
    sum.right += images.labels.filter((label, i) => label === predicted[i]).length
    sum.images += images.count
  }
  await network.release()
  return sum
}

describe('a folder of the images of the zoo', () => {
  it('is measured on as the zoo is, to the image', async () => {
    const model = await loadModel({ reference: 'zoo:lenet-fashion' })
    const network = await openNetwork(model.onnx, model.bytes)
    const first = [...new Array(count).keys()]
    const predicted = predictedClasses(
      await network.run(await preprocess(await model.images('test'), first, model.preprocessing)),
    )
    await network.release()
    const right = first.filter((i) => predicted[i] === zoo.labels[i]).length
    const own = await loadModel({ reference, data, labels, preprocessing })
    expect(await rightOf(own)).toEqual({ right, images: count })
    expect(own.data).toBe('fashion')
    expect(own.notes).toEqual([])
  })

  it('is split: no image is on both sides, and a fifth is for calibration', async () => {
    const model = await loadModel({ reference, data, labels, preprocessing })
    const [test, calibration] = [await model.images('test'), await model.images('calibration')]
    expect(calibration.count).toBeGreaterThan(0.1 * count)
    expect(calibration.count).toBeLessThan(0.3 * count)
    const bytesOf = async (images: typeof test): Promise<string[]> => {
      const bytes = await images.read([...images.labels.keys()])
      return Array.from({ length: images.count }, (_, i) => bytes.subarray(i * 784, (i + 1) * 784).join())
    }
    const seen = new Set(await bytesOf(test))
    expect((await bytesOf(calibration)).filter((image) => seen.has(image))).toEqual([])
  })

  it('may have other images for calibration: of the zoo, or all of another folder', async () => {
    const given = { reference, data, labels, preprocessing }
    const model = await loadModel({ ...given, calibration: 'zoo:fashion-mnist' })
    expect((await model.images('test')).count).toBe(count)
    expect((await model.images('calibration')).count).toBe(1024)
    const turned = await loadModel({ ...given, data: 'zoo:fashion-mnist', calibration: data })
    expect((await turned.images('test')).count).toBe(10_000)
    expect((await turned.images('calibration')).count).toBe(count)
    expect(await model.dataFingerprint()).not.toBe(await turned.dataFingerprint())
  })

  it('is not for calibration and for the truth both', async () => {
    for (const calibration of [data, join(data, '..', 'fashion')]) {
      const refused = loadModel({ reference, data, labels, preprocessing, calibration })
      await expect(refused).rejects.toThrow(`${data} cannot be for calibration and for the truth both.`)
    }
    // The parts of the zoo's data are apart.
    const zooAgain = await loadModel({ reference: 'zoo:lenet-fashion', calibration: 'zoo:fashion-mnist' })
    expect((await zooAgain.images('test')).count).toBe(10_000)
    expect((await zooAgain.images('calibration')).count).toBe(1024)
  })

  it('has another fingerprint when an image has changed', async () => {
    const load = () => loadModel({ reference, data, labels, preprocessing })
    const before = await (await load()).dataFingerprint()
    expect(before).toMatch(/^[0-9a-f]{64}$/)
    const [from, to] = [join(data, classes[zoo.labels[0]!]!, '0.png'), join(data, classes[zoo.labels[1]!]!, '0.png')]
    renameSync(from, to)
    const changed = await (await load()).dataFingerprint()
    renameSync(to, from)
    expect(changed).not.toBe(before)
    expect(await (await load()).dataFingerprint()).toBe(before)
  })
})

describe('a preprocessor_config.json', () => {
  const config = {
    size: { height: 28, width: 28 },
    resample: 2,
    image_mean: [0.286],
    image_std: [0.353],
  }

  it('beside the model is followed and said, and kept in the source; what is given goes before it', async () => {
    const beside = temporaryFolder()
    mkdirSync(join(beside, 'onnx'))
    const model = join(beside, 'onnx', 'model.onnx')
    copyFileSync(reference, model)
    const path = join(beside, 'preprocessor_config.json')
    writeFileSync(path, JSON.stringify(config))
    const loaded = await loadModel({ reference: model, data, labels })
    expect(loaded.preprocessing).toMatchObject({ ...preprocessing, resize: { height: 28, width: 28 } })
    expect(loaded.notes).toEqual([
      expect.stringMatching(
        /^Images are preprocessed as .*preprocessor_config\.json says: --resize 28x28 --scale 255 --mean 0\.286 --std 0\.353\.$/,
      ),
    ])
    const given = await loadModel({ reference: model, data, labels, preprocessing: { mean: [0.5] } })
    expect(given.preprocessing).toMatchObject({ ...preprocessing, mean: [0.5] })
    // A worker, or a score a week later, does what was done then.
    appendFileSync(path, ' nonsense')
    expect((await loadModel(loaded.source)).preprocessing).toEqual(loaded.preprocessing)
    await expect(loadModel({ reference: model, data, labels })).rejects.toThrow(/cannot be followed: it is no JSON/)
  })

  it('that ends in another size than the model takes is refused', async () => {
    const path = join(temporaryFolder(), 'p.json')
    writeFileSync(path, JSON.stringify({ ...config, crop_size: 24 }))
    await expect(loadModel({ reference, data, labels, preprocessor: path })).rejects.toMatchObject({
      code: 'input',
      message: 'The preprocessing ends at 24×24, but lenet takes 28×28.',
      hint: expect.stringContaining('--crop 28x28') as string,
    })
  })
})

/** Tells dark images of one pixel from light ones. */
const lightOrDark = (): Uint8Array =>
  floatNetwork({
    input: [1, 1, 1],
    nodes: [node('Flatten', ['x'], 'flat'), node('Gemm', ['flat', 'w', 'b'], 'y')],
    weights: { w: { dims: [1, 2], values: [-1, 1] }, b: { dims: [2], values: [1, 0] } },
  })

describe('the check of the preprocessing', () => {
  const check = async (more: object) => checkPreprocessing(await loadModel({ reference, data, labels, ...more }))

  it('finds nothing to say of the right one', async () => {
    const model = await loadModel({ reference: 'zoo:lenet-fashion' })
    const found = await checkPreprocessing(model)
    expect(found).toMatchObject({ images: 200, alternatives: [], warning: undefined })
    expect(found.accuracy).toBeGreaterThan(0.8)
  })

  it('finds nothing to say where all are right, however few they are', async () => {
    const [model, images] = [join(folder, 'light.onnx'), join(folder, 'light')]
    writeFileSync(model, lightOrDark())
    for (const [name, grey] of [
      ['dark', 0],
      ['light', 255],
    ] as const) {
      mkdirSync(join(images, name), { recursive: true })
      for (let i = 0; i < 10; i++) {
        await sharp(Uint8Array.of(grey), { raw: { width: 1, height: 1, channels: 1 } })
          .png()
          .toFile(join(images, name, `${i}.png`))
      }
    }
    const found = await checkPreprocessing(await loadModel({ reference: model, data: images }))
    expect(found).toEqual({ images: expect.any(Number) as number, accuracy: 1, alternatives: [], warning: undefined })
    expect(found.images).toBeLessThan(8)
  })

  it('finds the one that the network was trained with, or one alike, when it is given another', async () => {
    const wrong = { scale: -40, mean: [3], std: [0.01] }
    const found = await checkPreprocessing(await loadModel({ reference: 'zoo:lenet-fashion', preprocessing: wrong }))
    expect(found.accuracy).toBeLessThan(0.5)
    expect(found.alternatives[0]).toMatchObject({ options: expect.stringMatching(/--scale (255|127\.5) /) as string })
    expect(found.alternatives[0]!.accuracy).toBeGreaterThan(0.6)
    expect(found.warning).toMatch(
      /^lenet-fashion is right on only [\d.]+ % of 200 calibration images, preprocessed by --scale -40 --mean 3 --std 0\.01\. It is right on [\d.]+ % with --scale .*: give these options/,
    )
  })

  it('says that the classes may be in another order where no preprocessing helps', async () => {
    const turned = join(folder, 'turned.json')
    writeFileSync(turned, JSON.stringify([...classes.slice(1), classes[0]]))
    const found = await check({ labels: turned, preprocessing })
    expect(found.accuracy).toBeLessThan(0.2)
    expect(found.alternatives).toEqual([])
    expect(found.warning).toMatch(/None of the usual preprocessings fits much better: .*\(--labels\)\?$/)
  })
})

it('a network whose images do not fit is refused in a sentence', async () => {
  const { onnx } = await readNetwork(reference)
  expect(onnx.input.shape).toEqual([1, 28, 28])
  await expect(loadModel({ reference, data, preprocessing: { layout: 'nhwc' } })).rejects.toThrow(
    'lenet takes examples of shape [1, 28, 28], which are no images of 1 or 3 channels.',
  )
  await expect(loadModel({ reference, data, labels, preprocessing: { mean: [0, 0, 0] } })).rejects.toThrow(
    'The preprocessing has 3 means and 1 deviations for 1 channels.',
  )
})
