import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { definePerturbation, type Tensor } from '@loadbearing/core'

/** A perturbation that leaves the weights as they are and does something else besides. */
const deadly = (name: string, act: (weight: Tensor) => void) =>
  definePerturbation({
    name,
    family: 'noise',
    version: 1,
    summary: 'Takes its worker with it.',
    reference: { title: 'none', url: 'https://example.org' },
    target: 'weights',
    unit: 'none',
    intensities: [1],
    stochastic: false,
    apply(weight) {
      act(weight)
      return { ...weight, data: weight.data.map((w) => 2 * w) }
    },
  })

/** A folder of the test's. */
const folder = process.env.LOADBEARING_TEST_FOLDER!

const kept: unknown[] = []

export default [
  deadly('exits', () => process.exit(3)),
  deadly('throws-later', () => {
    setImmediate(() => {
      throw new Error('out of paper')
    })
  }),
  deadly('eats-memory', () => {
    for (;;) kept.push(new Array(1e6).fill(0.5))
  }),
  deadly('never-returns', () => {
    for (;;);
  }),
  // A native call: no thread can be ended in it.
  deadly('reads-what-never-comes', () => {
    const pipe = join(folder, 'pipe')
    if (!existsSync(pipe)) execFileSync('mkfifo', [pipe])
    readFileSync(pipe)
  }),
  deadly('pauses', () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500)),
  deadly('exits-once', () => {
    const mark = join(folder, 'mark')
    if (existsSync(mark)) return
    writeFileSync(mark, '')
    process.exit(3)
  }),
]
