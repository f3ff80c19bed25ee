import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { chunkFor, mostMemory } from '../src/memory.ts'
import { loadModel } from '../src/model.ts'
import { floatNetwork, node } from './float-network.ts'
import { temporaryFolder } from './temporary-folder.ts'

const script = join(import.meta.dirname, 'peak-in-child.ts')

/** Bytes that a process says it will take, and takes. */
async function memoryOf(reference: string, threads: number): Promise<{ said: number; peak: number }> {
  const args = ['--conditions=@loadbearing/source', script, temporaryFolder(), reference, String(threads)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as { said: number; peak: number }
}

/** Two classes from grey images of side × side, by way of two channels of that size. */
const twoConvolutions = (side: number): Uint8Array =>
  floatNetwork({
    input: [1, side, side],
    nodes: [
      node('Conv', ['x', 'first'], 'middle'),
      node('Conv', ['middle', 'second'], 'last'),
      node('GlobalAveragePool', ['last'], 'mean'),
      node('Flatten', ['mean'], 'y'),
    ],
    weights: {
      first: { dims: [2, 1, 1, 1], values: [-1.5, -0.5] },
      second: { dims: [2, 2, 1, 1], values: [-1.5, -0.5, 0.5, 1.5] },
    },
  })

const asked = { activations: false, initial: false }

describe('the memory that a measurement says it takes', () => {
  it.each([
    ['zoo:lenet-fashion', 2],
    ['zoo:resnet8-fashion', 1],
  ])('of %s with %i threads is what it takes or more, and not much more', async (reference, threads) => {
    const { said, peak } = await memoryOf(reference, threads)
    expect(said).toBeGreaterThan(peak)
    expect(said).toBeLessThan(1.6 * peak)
  })

  it('is below a gigabyte for a ResNet-20 with two threads, activations perturbed too', async () => {
    const model = await loadModel({ reference: 'zoo:resnet20-strong-fashion' })
    const most = await mostMemory(model, { chunk: 125, threads: 2, asked: { activations: true, initial: false } })
    expect(most).toBeLessThan(1e9)
  })

  it('is bounded for networks on large images by taking up fewer of them at once', async () => {
    const small = await loadModel({ reference: 'zoo:lenet-fashion' })
    expect(chunkFor([small], asked)).toBe(125)
    const folder = temporaryFolder()
    const [reference, data] = [join(folder, 'large.onnx'), join(folder, 'data')]
    writeFileSync(reference, twoConvolutions(1000))
    for (const name of ['one', 'other']) {
      mkdirSync(join(data, name), { recursive: true })
      const file = join(data, name, 'image.png')
      await sharp({ create: { width: 8, height: 8, channels: 3, background: name === 'one' ? 'red' : 'blue' } }).toFile(
        file,
      )
    }
    const large = await loadModel({ reference, data })
    // 4 MB for the image and 8 MB for the two channels in front of the second convolution: 25 of them take 300 MB, 125 of them 1.5 GB.
    expect(chunkFor([large], asked)).toBe(25)
    expect(chunkFor([small, large], asked)).toBe(25)
  })

  it('grows with the images of a chunk by what stands in front of the layers', async () => {
    const model = await loadModel({ reference: 'zoo:lenet-fashion' })
    const of = (chunk: number) => mostMemory(model, { chunk, threads: 3, asked })
    const [one, two] = [await of(1), await of(2)]
    // In float32, each thread, and twice, since the chunk before may not be collected yet: the image, 16 × 14 × 14 in front of conv2, 32 × 5 × 5 of conv3, and 432 and 64 neurons.
    expect(two - one).toBe(2 * 3 * 4 * (28 * 28 + 16 * 14 * 14 + 32 * 5 * 5 + 432 + 64))
  })
})
