import { InputError } from '@loadbearing/core'
import { tableFromIPC } from 'apache-arrow'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Column,
  decodeColumns,
  decodeRows,
  encodeColumns,
  encodeRows,
  formatVersion,
  type RowOf,
  type TableDeclaration,
  tableNames,
  tables,
} from '../src/index.ts'
import { everyType } from './every-type.ts'

const valuesOf = {
  u8: fc.integer({ min: 0, max: 0xff }),
  u16: fc.integer({ min: 0, max: 0xffff }),
  u32: fc.integer({ min: 0, max: 0xffffffff }),
  f32: fc.float({ noNaN: true, noDefaultInfinity: true }),
  f64: fc.double({ noNaN: true, noDefaultInfinity: true }),
  bool: fc.boolean(),
  utf8: fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })),
}

function rowsOf({ columns }: TableDeclaration): fc.Arbitrary<Record<string, unknown>[]> {
  const valueOf = ({ type, nullable }: Column): fc.Arbitrary<unknown> => {
    const value: fc.Arbitrary<unknown> = valuesOf[type]
    return nullable ? fc.option(value) : value
  }
  const model = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, valueOf(column)]))
  return fc.array(fc.record(model, { noNullPrototype: true }), { maxLength: 40 })
}

/** Rows with a pattern in every column that neither 8 nor 64 divides. */
function manyRows(count: number): RowOf<typeof everyType>[] {
  return Array.from({ length: count }, (_, i) => ({
    u8: i % 251,
    u16: i % 65_521,
    u32: (i * 65_537) % 2 ** 32,
    f32: i / 4,
    f64: i / 3,
    bool: i % 3 === 0,
    utf8: i % 5 === 0 ? '' : `row ${i}`,
    u8_or_null: i % 7 === 0 ? null : i % 251,
    u16_or_null: i % 11 === 0 ? null : i % 65_521,
    u32_or_null: i % 13 === 0 ? null : i,
    f32_or_null: i % 17 === 0 ? null : -i,
    f64_or_null: i % 19 === 0 ? null : -i / 3,
    bool_or_null: i % 5 === 0 ? null : i % 3 === 0,
    utf8_or_null: i % 23 === 0 ? null : `Zeile ${i} ✓`,
  }))
}

describe('what was written is read again', () => {
  it.each([...tableNames.map((name): [string, TableDeclaration] => [name, tables[name]]), ['every type', everyType]])(
    'in %s',
    (_, declaration) => {
      fc.assert(
        fc.property(rowsOf(declaration), (rows) => {
          expect(decodeRows(declaration, encodeRows(declaration, rows as never), 'file')).toEqual(rows)
        }),
        { numRuns: 50 },
      )
    },
  )

  it.each([0, 1, 65_535, 65_536, 65_537, 131_073])('with %i rows, whatever batches they make', (count) => {
    const rows = manyRows(count)
    const read = decodeRows(everyType, encodeRows(everyType, rows), 'file')
    expect(read).toHaveLength(count)
    expect(read.findIndex((row, i) => JSON.stringify(row) !== JSON.stringify(rows[i]))).toBe(-1)
  })

  it.each([0, 1, 65_535, 65_536, 65_537, 131_073])('by column, with %i rows', (count) => {
    const columns = {
      correct: Uint8Array.from({ length: count }, (_, i) => Number(i % 3 === 0)),
      clean_correct: Uint8Array.from({ length: count }, (_, i) => Number(i % 7 > 2)),
      bounded_kl: Float32Array.from({ length: count }, (_, i) => i / count),
    }
    const bytes = encodeColumns(tables.outcomes, columns)
    const read = decodeColumns(tables.outcomes, bytes, 'file')
    expect(Object.keys(read)).toEqual(Object.keys(columns))
    for (const name of ['correct', 'clean_correct', 'bounded_kl'] as const) {
      expect(
        Buffer.compare(Buffer.from(Uint8Array.from(bytesOf(read[name]))), Buffer.from(bytesOf(columns[name]))),
      ).toBe(0)
    }
  })

  it.each(['', '\u0000', '\ufeffmark', 'e\u0301', '👩‍🔬🇪🇺', ' \t\r\n'])(
    'with the text %j to the last character',
    (utf8_or_null) => {
      const rows = [{ ...manyRows(1)[0]!, utf8_or_null }]
      expect(decodeRows(everyType, encodeRows(everyType, rows), 'file')).toEqual(rows)
    },
  )

  it('as numbers of the width that the column has', () => {
    const rows = [{ correct: true, clean_correct: false, bounded_kl: 0.1 }]
    const [row] = decodeRows(tables.outcomes, encodeRows(tables.outcomes, rows), 'file')
    expect(row).toEqual({ correct: true, clean_correct: false, bounded_kl: Math.fround(0.1) })
  })
})

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

describe('the file', () => {
  it('says what table it is, and of each column what it counts and means', () => {
    for (const name of tableNames) {
      const { schema } = tableFromIPC(encodeRows<TableDeclaration>(tables[name], []))
      expect(Object.fromEntries(schema.metadata)).toEqual({
        table: name,
        description: tables[name].description,
        format: `loadbearing/${formatVersion}`,
      })
      expect(schema.fields.map((field) => [field.name, field.nullable, Object.fromEntries(field.metadata)])).toEqual(
        Object.entries<Column>(tables[name].columns).map(([column, { nullable, unit, description }]) => [
          column,
          nullable,
          unit === null ? { description } : { description, unit },
        ]),
      )
    }
  })

  it('depends on the values alone: not on the arrays that held them', () => {
    const rows = manyRows(70_000)
    const column = <K extends keyof (typeof rows)[number]>(name: K) => rows.map((row) => row[name])
    const bits = (name: 'bool' | 'bool_or_null') => column(name).map((bit) => (bit === null ? null : Number(bit)))
    const columns = {
      ...Object.fromEntries(
        Object.keys(everyType.columns).map((name) => [name, column(name as keyof (typeof rows)[number])]),
      ),
      u8: Uint8Array.from(column('u8')),
      f32: Float32Array.from(column('f32')),
      f64: Float64Array.from(column('f64')),
      bool: Uint8Array.from(column('bool'), Number),
      bool_or_null: bits('bool_or_null'),
    }
    const bytes = encodeRows(everyType, rows)
    expect(Buffer.compare(encodeRows(everyType, structuredClone(rows)), bytes)).toBe(0)
    expect(Buffer.compare(encodeColumns<TableDeclaration>(everyType, columns), bytes)).toBe(0)
  })
})

describe('a value that does not fit', () => {
  const good = { correct: true, clean_correct: true, bounded_kl: 0 }
  it.each([
    ['outcomes', 'bounded_kl', NaN],
    ['outcomes', 'bounded_kl', Infinity],
    ['outcomes', 'bounded_kl', 1e39],
    ['outcomes', 'bounded_kl', null],
    ['outcomes', 'correct', 2],
    ['outcomes', 'correct', undefined],
    ['outcomes', 'correct', 'true'],
  ])('%s, %s: %s', (_, name, value) => {
    const rows = [good, good, { ...good, [name]: value }]
    const encode = () => encodeRows(tables.outcomes, rows)
    expect(encode).toThrow(InputError)
    const type = name === 'bounded_kl' ? 'f32' : 'bool'
    expect(encode).toThrow(`outcomes: ${String(value)} does not fit the column '${name}' (${type}) in row 2.`)
  })

  it.each([
    ['u8', 256],
    ['u8', -1],
    ['u8', 0.5],
    ['u8', true],
    ['u16', 65_536],
    ['u32', 2 ** 32],
    ['u32', '7'],
    ['f64', -Infinity],
    ['f64', null],
    ['utf8', null],
    ['utf8', 7],
    ['utf8', 'half a pair: \ud83d'],
    ['bool_or_null', 'no'],
    ['utf8_or_null', undefined],
  ])('%s: %s', (name, value) => {
    const [row] = manyRows(1)
    const encode = () => encodeRows(everyType, [{ ...row!, [name]: value }])
    expect(encode).toThrow(InputError)
    expect(encode).toThrow(
      `every-type: ${String(value)} does not fit the column '${name}' (${name.replace('_or_null', '')}) in row 0.`,
    )
  })

  it('is also a column that is missing, or shorter than the others', () => {
    const columns = { correct: [1], clean_correct: [1], bounded_kl: [0] }
    const without = { correct: [1], clean_correct: [1] }
    expect(() => encodeColumns<TableDeclaration>(tables.outcomes, without)).toThrow(
      "outcomes: the column 'bounded_kl' is missing.",
    )
    expect(() => encodeColumns(tables.outcomes, { ...columns, bounded_kl: [] })).toThrow(
      'outcomes: its columns differ in length.',
    )
  })
})
