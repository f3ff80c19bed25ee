import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { listZoo, readImages } from './index.ts'

const folder = new URL('../test/fixtures/predictions/', import.meta.url)

/** What tools/reference/zoo_predictions.py writes. */
const recorded = z.object({ sha256: z.string(), correct: z.int(), classes: z.string().regex(/^\d+$/) })

const cards = await listZoo()
const shipped = readdirSync(new URL('../data/', import.meta.url))

it('every network has its predictions, and no other has', () => {
  const names = readdirSync(folder).map((file) => basename(file, '.json'))
  expect(names.toSorted()).toEqual(cards.map(({ name }) => name).toSorted())
})

it.each(cards)('the card of $name says what PyTorch predicts with the published weights', async (card) => {
  const { name, sha256, data, test } = card
  const predictions = recorded.parse(JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')))
  expect(predictions).toMatchObject({ sha256, correct: test.correct })
  expect(predictions.classes).toHaveLength(test.images)
  if (!shipped.includes(data)) return
  const { labels } = await readImages(data, 'test')
  const correct = labels.filter((label, image) => label === Number(predictions.classes[image]))
  expect(correct).toHaveLength(test.correct)
})
