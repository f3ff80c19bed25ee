import { existsSync, readFileSync } from 'node:fs'
import { predictedClasses } from '@loadbearing/core'
import { openNetwork } from '@loadbearing/onnx'
import { listZoo } from '@loadbearing/zoo'
import { describe, expect, it } from 'vitest'
import { loadModel, preprocess } from '../src/model.ts'

const images = 200

/** What tools/reference/zoo_predictions.py has recorded of PyTorch: a digit an image. */
function predictedByPyTorch(name: string): string {
  const path = new URL(`../../zoo/test/fixtures/predictions/${name}.json`, import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as { classes: string }).classes
}

const shipped = (data: string): boolean => existsSync(new URL(`../../zoo/data/${data}`, import.meta.url))
const cards = (await listZoo()).filter(({ data }) => shipped(data))

// `npm run zoo:verify` does the same on all data and all images.
describe('our engine gives the first images of the test split the class that PyTorch gives them', () => {
  it.each(cards)('$name', async ({ name }) => {
    const model = await loadModel({ reference: `zoo:${name}` })
    const inputs = await preprocess(await model.images('test'), [...new Array(images).keys()], model.preprocessing)
    const network = await openNetwork(model.onnx, model.bytes)
    const classes = predictedClasses(await network.run(inputs))
    await network.release()
    expect([...classes].join('')).toBe(predictedByPyTorch(name).slice(0, images))
  })
})
