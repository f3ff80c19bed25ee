import { join } from 'node:path'
import {
  type DataType,
  Field,
  Float64,
  Int64,
  List,
  makeBuilder,
  Table,
  tableToIPC,
  Utf8,
  type Vector,
} from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import { findNumbers, openUserNumbers, type TakenNumbers } from '../src/index.ts'
import { fixture } from './fixtures.ts'
import { asked } from './opened.ts'
import { folderWith } from './temporary-folder.ts'

const open = async (path: string, input: string, shape: readonly number[], integers?: TakenNumbers['integers']) =>
  openUserNumbers((await findNumbers(path, input))!, { shape, integers }, asked(2))

/** What tools/reference/number_tables.py put into a row. */
const sign = (row: number) => (row % 2 === 0 ? -1 : 1)
const held: Readonly<Record<string, (row: number) => number[]>> = {
  x: (row) => [row, 0 - row / 2, 0.25, sign(row) * 1000.5],
  ids: (row) => [row % 10, 3, sign(row) > 0 ? 9 : 0],
  grid: (row) => [row, 0.5, -1, sign(row)],
}

describe.each(['numbers.parquet', 'numbers.arrow'])('%s, written by pyarrow', (name) => {
  it.each([
    ['x', [4]],
    ['ids', [3]],
    ['grid', [2, 2]],
  ])('holds %s as it was put into it', async (input, shape) => {
    const column = (await findNumbers(fixture(name), input))!
    expect(await column.shape()).toEqual(shape)
    const all = (await open(fixture(name), input, shape)).numbers('all')
    expect(all).toMatchObject({ name: 'numbers', count: 20, shape, classes: ['high', 'low'] })
    expect([...all.labels]).toEqual(Array.from({ length: 20 }, (_, row) => 1 - (row % 2)))
    // Rows of all row groups, in an order that is not theirs, one of them twice.
    const rows = [19, 0, 8, 0, 13]
    expect([...(await all.read(rows))]).toEqual(rows.flatMap(held[input]!))
  })

  it('is in either part, by the rule for images, each row with its own numbers', async () => {
    const { numbers } = await open(fixture(name), 'x', [4])
    const rowsOf = async (which: 'calibration' | 'test') => {
      const part = numbers(which)
      const values = await part.read([...part.labels.keys()])
      return Array.from({ length: part.count }, (_, i) => values[4 * i]!)
    }
    const [calibration, test] = [await rowsOf('calibration'), await rowsOf('test')]
    expect([...calibration, ...test].toSorted((a, b) => a - b)).toEqual([...new Array(20).keys()])
    // printf 'loadbearing/split/1\nrow N' | sha256sum, below 33….
    expect(calibration).toEqual([10, 14, 19])
  })

  it('has several columns of lists, and none is named like the input: refused', async () => {
    await expect(findNumbers(fixture(name), 'tokens')).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(
        /has 4 columns of lists of numbers \(x, ids, attention_mask, grid\), and none is named like the model's input, 'tokens'\.$/,
      ) as string,
    })
  })

  it('is the same data as what has the same numbers in one list each, and other than what has others', async () => {
    const print = async (input: string, shape: readonly number[]) =>
      (await open(fixture(name), input, shape)).numbers('test').fingerprint()
    expect(await print('grid', [2, 2])).toBe(await print('grid', [2, 2]))
    expect(await print('x', [4])).toBe(await print('x', [2, 2]))
    expect(await print('x', [4])).not.toBe(await print('grid', [2, 2]))
  })
})

const nested = (type: DataType, depth = 1): DataType =>
  depth === 0 ? type : new List(new Field('item', nested(type, depth - 1), true))

function vector(type: DataType, values: readonly unknown[]): Vector {
  const builder = makeBuilder({ type, nullValues: [null] })
  for (const value of values) builder.append(value)
  return builder.finish().toVector()
}

/** An Arrow file of a few rows of 'a' and 'b' in turn. */
function written(type: DataType, values: readonly unknown[], more: Readonly<Record<string, Vector>> = {}): string {
  const label = vector(
    new Utf8(),
    values.map((_, i) => 'ab'[i % 2]),
  )
  const bytes = tableToIPC(new Table({ values: vector(type, values), ...more, label }), 'file')
  return join(folderWith({ 't.arrow': bytes }), 't.arrow')
}

describe('a table of lists', () => {
  const floats = nested(new Float64())

  it('has its input in the only column of them, whatever that is called', async () => {
    const { numbers } = await open(written(floats, [[1], [2.5]]), 'input', [1])
    expect([...(await numbers('all').read([1, 0]))]).toEqual([2.5, 1])
  })

  it('may have the numbers of a model of several dimensions in one list', async () => {
    const { numbers } = await open(
      written(floats, [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ]),
      'input',
      [2, 2],
    )
    expect(numbers('all').shape).toEqual([2, 2])
    expect([...(await numbers('all').read([1]))]).toEqual([5, 6, 7, 8])
  })

  it('has images where it has a column of them, and no list named like the input', async () => {
    const image = vector(new Utf8(), ['an', 'image'])
    const path = written(floats, [[1], [2]], { image })
    expect(await findNumbers(path, 'pixels')).toBeUndefined()
    expect((await findNumbers(path, 'values'))?.name).toBe('values')
  })

  it.each<[string, DataType, unknown[], string]>([
    ['another length', floats, [[1, 2], [3, 4], [5]], 'holds a list of shape [1], but mine takes [2].'],
    ['nothing', floats, [[1, 2], [3, 4], null], 'holds nothing in place of a list of numbers.'],
    [
      'a gap',
      floats,
      [
        [1, 2],
        [3, 4],
        [5, null],
      ],
      'holds nothing in place of a number.',
    ],
    [
      'NaN',
      floats,
      [
        [1, 2],
        [3, 4],
        [Number.NaN, 6],
      ],
      'holds NaN in place of a number.',
    ],
    [
      'more than float32 holds',
      floats,
      [
        [1, 2],
        [3, 4],
        [1e300, 6],
      ],
      'holds 1e+300 in place of a number.',
    ],
  ])('with %s in a row: refused by its number', async (_what, type, values, what) => {
    const path = written(type, values)
    const { numbers } = await open(path, 'input', [2])
    const refusal = {
      code: 'input',
      message: `Row 2 of ${path} ${what}`,
      hint: expect.stringMatching(/leave/) as string,
    }
    await expect(numbers('all').read([0, 1])).resolves.toHaveLength(4)
    await expect(numbers('all').read([2])).rejects.toMatchObject(refusal)
    await expect(numbers('test').fingerprint()).rejects.toMatchObject(refusal)
  })

  it('with lists of several lengths within a row: refused', async () => {
    const path = written(nested(new Float64(), 2), [[[1, 2], [3]]])
    await expect(open(path, 'input', [2, 2])).rejects.toThrow(
      `Row 0 of ${path} holds lists of several lengths, but mine takes [2, 2].`,
    )
  })

  it('of whole numbers is held to those that the model takes', async () => {
    const path = written(nested(new Int64()), [[255n], [256n]])
    const { numbers } = await open(path, 'input', [1], [0, 255])
    expect([...(await numbers('all').read([0]))]).toEqual([255])
    await expect(numbers('all').read([1])).rejects.toThrow(
      `Row 1 of ${path} holds 256, but mine takes whole numbers from 0 to 255.`,
    )
    await expect(open(written(floats, [[0.5], [1]]), 'input', [1], [0, 255])).rejects.toThrow(
      /^Row 0 of .* holds 0\.5, /,
    )
  })
})
