import * as tf from '@tensorflow/tfjs'
import { EngineError } from '@loadbearing/core'
import { type Engine, type EngineOptions, openEngine } from './engine.ts'

/**
 * Opens an engine, and takes a gradient on it that is known: of the sum of a convolution of ones with respect to its filter, each tap of
 * which has read as many ones as there are places.
 *
 * @throws EngineError when it does not load, or gives another answer
 */
export async function checkEngine(options: EngineOptions = {}): Promise<Engine> {
  const engine = await openEngine(options)
  const made = tf.tidy(() => {
    const image = tf.ones<tf.Rank.R4>([1, 4, 4, 1])
    const gradient = tf.grad((filter) => tf.sum(tf.conv2d(image, filter as tf.Tensor4D, 1, 'valid')))
    return gradient(tf.zeros([3, 3, 1, 1])).dataSync()
  })
  const places = 2 * 2
  if (made.length !== 9 || made.some((each) => each !== places)) {
    throw new EngineError(`${engine.name} says that the sum of ${places} ones is ${[...made].join(', ')}.`)
  }
  return engine
}
