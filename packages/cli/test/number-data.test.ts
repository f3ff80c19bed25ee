import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import onnxProto from 'onnx-proto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectRefusal, loadbearing } from './command.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { sums } from './tiny-models.ts'

const { INT64 } = onnxProto.onnx.TensorProto.DataType

/** Twenty rows of x [4], ids [3], attention_mask [3] and grid [2, 2], half of them 'high': their last number is greater. */
const table = (kind: string): string => join(import.meta.dirname, '../../images/test/fixtures', `numbers.${kind}`)

const brief = ['--perturbation', 'magnitude-pruning', '--intensity', '0.9', '--images', '10', '--threads', '1']

/** A folder with numbers.parquet, numbers.arrow, and models that know 'high' (0) from 'low' (1) by the last number. */
let cwd: string

beforeAll(() => {
  cwd = temporaryFolder(afterAll)
  for (const kind of ['parquet', 'arrow']) copyFileSync(table(kind), join(cwd, `numbers.${kind}`))
  const last = (count: number, middle: number) =>
    Array.from({ length: count }, (_, i) => (i === count - 1 ? [1, middle] : [0, 0]))
  const models = {
    floats: sums({ input: 'x', sizes: [4], weights: last(4, -1) }),
    // 'high' ends in 9, 'low' in 0; the constant 3 before it decides there.
    tokens: sums({
      input: 'ids',
      beside: 'attention_mask',
      sizes: ['length'],
      type: INT64,
      weights: [
        [0, 0],
        [0, 1],
        [1, 0],
      ],
    }),
    nested: sums({ input: 'grid', sizes: [2, 2], weights: last(4, -1) }),
    deeper: sums({ input: 'x', sizes: ['rows', 2], weights: last(4, -1) }),
    whole: sums({ input: 'x', sizes: [4], type: INT64, weights: last(4, -1) }),
  }
  for (const [name, bytes] of Object.entries(models)) writeFileSync(join(cwd, `${name}.onnx`), bytes)
})

/** Share that is right of ten examples that are not calibration, as the measurement says it, and what it says beside. */
async function measured(parameters: readonly string[]): Promise<{ accuracy: number; stderr: string }> {
  const call = ['measure', ...parameters, ...brief, '--out', `out-${parameters.join('-').replaceAll(/\W/g, '-')}`]
  const { code, stdout, stderr } = await loadbearing(call, { cwd })
  expect(code, stderr).toBe(0)
  const [, accuracy] = /points of accuracy lost, from ([\d.]+) % of 10 images\./.exec(stdout) ?? []
  return { accuracy: Number(accuracy), stderr }
}

describe('measure on lists of numbers', () => {
  it.each([
    ['floats', 'arrow'],
    ['tokens', 'arrow'],
    ['nested', 'parquet'],
  ])('%s.onnx, in the column named like its input, as they are: %s', async (model, kind) => {
    const { accuracy, stderr } = await measured([`${model}.onnx`, '--data', `numbers.${kind}`])
    expect(accuracy).toBe(100)
    expect(stderr).not.toMatch(/right on only|preprocess|resized/)
    // What the data have for an input that is filled is not handed on: that is said.
    const filled = "'attention_mask' of numbers is not read: tokens gets ones for every example."
    expect(stderr.includes(filled)).toBe(model === 'tokens')
  })

  it('goes by --labels, and says where it is right on few, without a word of preprocessing', async () => {
    writeFileSync(join(cwd, 'turned.txt'), 'low\nhigh\n')
    const call = ['floats.onnx', '--data', 'numbers.parquet', '--labels', 'turned.txt']
    const { accuracy, stderr } = await measured(call)
    expect(accuracy).toBe(0)
    expect(stderr).toContain(
      'floats is right on only 0.0 % of 3 calibration examples: are they as the model was trained',
    )
    expect(stderr).not.toMatch(/--scale|--mean/)
    // It is the same data when it is opened again, without a preprocessing.
    expect((await measured(call)).stderr).toMatch(/: all measured\./)
  })

  it('takes the names of the classes from a config.json beside the model, and no preprocessor_config.json', async () => {
    mkdirSync(join(cwd, 'hub', 'onnx'), { recursive: true })
    copyFileSync(join(cwd, 'floats.onnx'), join(cwd, 'hub', 'onnx', 'model.onnx'))
    writeFileSync(join(cwd, 'hub', 'config.json'), JSON.stringify({ id2label: { 0: 'low', 1: 'high' } }))
    writeFileSync(join(cwd, 'hub', 'preprocessor_config.json'), JSON.stringify({ do_pad: true }))
    const { accuracy, stderr } = await measured(['hub/onnx/model.onnx', '--data', 'numbers.parquet'])
    expect(accuracy).toBe(0)
    expect(stderr).toMatch(/The classes of numbers are the outputs that .*config\.json names\./)
  })

  it.each([
    [
      'a preprocessing',
      ['floats.onnx', '--data', 'numbers.parquet', '--scale', '2', '--mean', '0.5'],
      "The examples of numbers.parquet are numbers ('x'), which are taken as they are: --scale and --mean are for images.",
      /Leave that out, .*/,
    ],
    [
      'other dimensions than those of an open input',
      ['deeper.onnx', '--data', 'numbers.arrow'],
      'Row 0 of numbers.arrow holds a list of shape [4], but deeper.onnx takes [?, 2].',
      /Write the examples .*/,
    ],
    [
      'fractions for a model of whole numbers',
      ['whole.onnx', '--data', 'numbers.parquet'],
      'Row 0 of numbers.parquet holds 0.25, but whole takes whole numbers from -16777216 to 16777216.',
      /Give token ids .*/,
    ],
    [
      'images for calibration',
      ['floats.onnx', '--data', 'numbers.parquet', '--calibration', 'zoo:fashion-mnist'],
      'zoo:fashion-mnist has no lists of numbers as numbers.parquet has.',
      /Calibrate on examples of the same kind: .*/,
    ],
  ] as const)('%s: refused', async (_what, parameters, sentence, hint) => {
    await expectRefusal(['measure', ...parameters, ...brief], { code: 'input', sentence, hint }, { cwd })
  })
})
