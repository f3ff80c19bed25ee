import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { DatasetError, InputError } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { listShipped, listZoo, readImages, readZooModel } from './index.ts'
import { readShipped } from './shipped.ts'

describe('the networks', () => {
  it('are what their cards say, of at most 2 MB', async () => {
    const cards = await listZoo()
    expect(cards.length).toBeGreaterThan((await listShipped()).length)
    for (const card of cards) {
      expect(card.test.correct).toBe(Math.round(card.test.accuracy * card.test.images))
      expect(card.test.interval95[0]).toBeLessThan(card.test.accuracy)
      expect(card.test.interval95[1]).toBeGreaterThan(card.test.accuracy)
      expect(card.curve).toHaveLength(Number(card.recipe.epochs))
      const { bytes, path } = await readZooModel(card.name)
      expect(bytes.length).toBe(card.bytes)
      expect(bytes.length).toBeLessThanOrEqual(2 << 20)
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(card.sha256)
      expect((await stat(path)).size).toBe(card.bytes)
    }
  })

  it('those that ship are of at most 400 kB and trained on images that ship', async () => {
    for (const card of await listShipped()) {
      expect(card.bytes).toBeLessThanOrEqual(400_000)
      await expect(readImages(card.data, 'test', { cifar10: 'none' })).resolves.toBeDefined()
    }
  })

  it('an unknown one is an error that names the nearest', async () => {
    await expect(readZooModel('resnet8-fasion')).rejects.toThrow(InputError)
    await expect(readZooModel('resnet8-fasion')).rejects.toMatchObject({ hint: "Did you mean 'resnet8-fashion'?" })
  })
})

describe('the images', () => {
  it('test: 10,000, a thousand of each class', async () => {
    const images = await readImages('fashion-mnist', 'test')
    expect([images.count, images.shape, images.pixels.length]).toEqual([10_000, [1, 28, 28], 7_840_000])
    expect(countsOf(images.labels)).toEqual(new Array(10).fill(1000))
    // The first test image is an ankle boot.
    expect(images.classes[images.labels[0]!]).toBe('Ankle boot')
  })

  it('calibration: 1,024 of the training split, balanced over the classes', async () => {
    const images = await readImages('fashion-mnist', 'calibration')
    expect(images.count).toBe(1024)
    expect(Math.max(...countsOf(images.labels)) - Math.min(...countsOf(images.labels))).toBeLessThanOrEqual(1)
  })

  it('the two splits share no image', async () => {
    const [test, calibration] = [
      await readImages('fashion-mnist', 'test'),
      await readImages('fashion-mnist', 'calibration'),
    ]
    const digests = ({ pixels, count }: { pixels: Uint8Array; count: number }): string[] =>
      Array.from({ length: count }, (_, i) => Buffer.from(pixels.subarray(i * 784, (i + 1) * 784)).toString('base64'))
    const seen = new Set(digests(test))
    expect(digests(calibration).filter((digest) => seen.has(digest))).toEqual([])
  })

  it('unknown data is an error that lists what there is', async () => {
    await expect(readImages('imagenet', 'test')).rejects.toMatchObject({
      hint: 'Known: fashion-mnist, words, cifar10.',
    })
  })
})

describe('the words', () => {
  it('test: 10,000, a thousand of each language, in an alphabet of 82 letters', async () => {
    const words = await readImages('words', 'test')
    expect([words.count, words.shape, words.pixels.length]).toEqual([10_000, [1, 1, 16], 160_000])
    expect(countsOf(words.labels)).toEqual(new Array(10).fill(1000))
    expect(words.pixels.filter((code) => code > 82)).toHaveLength(0)
  })

  it('each is one word of one language: none occurs twice, in test or in calibration', async () => {
    const [test, calibration] = [await readImages('words', 'test'), await readImages('words', 'calibration')]
    expect(calibration.count).toBe(1024)
    expect(Math.max(...countsOf(calibration.labels)) - Math.min(...countsOf(calibration.labels))).toBeLessThanOrEqual(1)
    const words = [test, calibration].flatMap(({ pixels, count }) =>
      Array.from({ length: count }, (_, index) => pixels.subarray(16 * index, 16 * (index + 1)).join()),
    )
    expect(new Set(words).size).toBe(11_024)
  })

  it('each has three letters or more, and nothing but filling after them', async () => {
    const { pixels, count } = await readImages('words', 'test')
    const words = Array.from({ length: count }, (_, index) => [...pixels.subarray(16 * index, 16 * (index + 1))])
    const lettersOf = (word: number[]): number => word.filter((code) => code > 0).length
    expect(words.filter((word) => lettersOf(word) < 3 || word.lastIndexOf(0, lettersOf(word) - 1) >= 0)).toEqual([])
  })
})

describe('a file that is not what it was', () => {
  it('missing or changed, it is an error that names it', async () => {
    await expect(readShipped('models/none.onnx', '0')).rejects.toThrow(/models\/none\.onnx cannot be read/)
    const card = (await listShipped())[0]!
    await expect(readShipped(`models/${card.name}.onnx`, '0'.repeat(64))).rejects.toThrow(DatasetError)
    await expect(readShipped(`models/${card.name}.onnx`, '0'.repeat(64))).rejects.toThrow(/is damaged/)
  })
})

function countsOf(labels: Uint8Array): number[] {
  return Array.from({ length: 10 }, (_, c) => labels.filter((label) => label === c).length)
}
