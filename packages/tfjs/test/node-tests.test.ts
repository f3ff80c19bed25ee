import * as tf from '@tensorflow/tfjs'
import { ModelError } from '@loadbearing/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { openGraph } from '../src/graph.ts'
import { openEngine } from '../src/index.ts'
import { operators } from '../src/operators.ts'
import { tensorOf } from '../src/tensors.ts'
import { engine } from './engine.ts'
import { constantOf, type NodeTest, onnx, programOf, tests } from './node-tests.ts'

/** Tests that the network must not pass, by name, and why. */
const otherwise: ReadonlyMap<string, string> = new Map([
  [
    'resize_downsample_scales_linear_align_corners',
    'onnxruntime aligns the corners of the whole size, as PyTorch does',
  ],
  ['convtranspose_3d', '3 dimensions'],
])

/** Why the mapping refuses a test's node; undefined where it does not. */
function refusal(test: NodeTest): string | undefined {
  const known = otherwise.get(test.name)
  if (known !== undefined) return known
  try {
    openGraph(programOf(test), new Set(), test.name).release()
    return undefined
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    return / with (.*)\)\.$/.exec(error.message)?.[1] ?? error.message
  }
}

const refused = new Map(tests.flatMap((test) => [[test.name, refusal(test)] as const]))
const expected = tests.filter(({ name }) => refused.get(name) === undefined)

beforeAll(async () => {
  await openEngine(engine)
})

it('covers every operator that is claimed', () => {
  const covered = new Set(expected.map(({ op }) => op))
  expect([...operators.keys()].filter((op) => !covered.has(op))).toEqual([])
})

describe.each([...operators.keys()])('%s', (op) => {
  it.each(expected.filter((test) => test.op === op))('$name', async (test) => {
    const graph = openGraph(programOf(test), new Set(), test.name)
    for (const [output, stored] of Object.entries(test.expected)) {
      const made = tf.tidy(() => {
        const given = Object.entries(test.given).map(([name, value]) => [name, tensorOf(constantOf(value))] as const)
        return tf.clone(graph.run(new Map(given), output).plain)
      })
      const { shape, data } = constantOf(stored)
      expect(made.shape).toEqual(shape)
      const values = await made.data()
      made.dispose()
      for (const [i, value] of data.entries()) {
        const actual = values[i]!
        if (!Object.is(actual, value) && actual !== value) {
          expect(Math.abs(actual - value)).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(value)))
        }
      }
    }
    graph.release()
  })
})

it('is what docs/tfjs-ops.md lists; `-u` writes it anew', async () => {
  const rows = [...operators.keys()].toSorted().map((op) => {
    const its = tests.filter((test) => test.op === op)
    const against = new Set(its.flatMap(({ name }) => refused.get(name) ?? []))
    const passed = its.filter(({ name }) => refused.get(name) === undefined)
    return [op, `${passed.length} of ${its.length}`, [...against].toSorted().join('; ')]
  })
  const table = [['operator', 'tests passed', 'without'], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
  const [head, ...body] = table.map(line)
  const page = [
    '# Operators that have gradients',
    '',
    `What packages/tfjs maps to TensorFlow.js, and how many of the ONNX project's own tests (onnx ${onnx}) of each operator it passes, on`,
    'those types of numbers that TensorFlow.js has. A network with any other operator is refused in one error that names every such node.',
    '',
    head,
    `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`,
    ...body,
    '',
  ]
  await expect(page.join('\n')).toMatchFileSnapshot('../../../docs/tfjs-ops.md')
})
