import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { listZoo, readImages } from './index.ts'

const recorded = z.record(z.string(), z.object({ images: z.int(), correct: z.int(), first: z.array(z.int()) }))

it('the cards say what PyTorch predicts with the published weights', async () => {
  const path = new URL('../test/fixtures/predictions.json', import.meta.url)
  const predictions = recorded.parse(JSON.parse(await readFile(path, 'utf8')))
  const { labels } = await readImages('fashion-mnist', 'test')
  for (const card of await listZoo()) {
    const { images, correct, first } = predictions[card.name]!
    expect([card.test.images, card.test.correct]).toEqual([images, correct])
    // In another order than the labels', a tenth would agree; four standard errors are what chance may do.
    const share = first.filter((predicted, index) => predicted === labels[index]).length / first.length
    expect(Math.abs(share - card.test.accuracy)).toBeLessThan(4 * Math.sqrt((0.9 * 0.1) / first.length))
  }
})
