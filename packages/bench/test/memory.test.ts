import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { mostMemory } from '../src/memory.ts'
import { loadModel } from '../src/model.ts'
import { temporaryFolder } from './temporary-folder.ts'

const script = join(import.meta.dirname, 'peak-in-child.ts')

/** Bytes that a process says it will take, and takes. */
async function memoryOf(reference: string, threads: number): Promise<{ said: number; peak: number }> {
  const args = ['--conditions=@loadbearing/source', script, temporaryFolder(), reference, String(threads)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as { said: number; peak: number }
}

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
    const most = await mostMemory(model, { chunk: 250, threads: 2, asked: { activations: true, initial: false } })
    expect(most).toBeLessThan(1e9)
  })

  it('grows with the images of a chunk by what stands in front of the layers', async () => {
    const model = await loadModel({ reference: 'zoo:lenet-fashion' })
    const of = (chunk: number) => mostMemory(model, { chunk, threads: 3, asked })
    const [one, two] = [await of(1), await of(2)]
    // In float32 and each thread: the image, 16 × 14 × 14 in front of conv2, 32 × 5 × 5 of conv3, and 432 and 64 neurons.
    expect(two - one).toBe(3 * 4 * (28 * 28 + 16 * 14 * 14 + 32 * 5 * 5 + 432 + 64))
  })
})
