import type { RowOf, TableDeclaration } from '@loadbearing/dataset'

const always = { nullable: false, unit: null, description: 'Always filled.' } as const
const sometimes = { nullable: true, unit: null, description: 'Sometimes null.' } as const

/** A table with every type of column, null or not: a good dataset may hold no null at all. */
export const extremes = {
  name: 'extremes',
  description: 'The ends of every type.',
  columns: {
    u8: { type: 'u8', ...always },
    u16: { type: 'u16', ...always },
    u32: { type: 'u32', ...always },
    f32: { type: 'f32', ...always },
    f64: { type: 'f64', ...always },
    bool: { type: 'bool', ...always },
    utf8: { type: 'utf8', ...always },
    u8_or_null: { type: 'u8', ...sometimes },
    u16_or_null: { type: 'u16', ...sometimes },
    u32_or_null: { type: 'u32', ...sometimes },
    f32_or_null: { type: 'f32', ...sometimes },
    f64_or_null: { type: 'f64', ...sometimes },
    bool_or_null: { type: 'bool', ...sometimes },
    utf8_or_null: { type: 'utf8', ...sometimes },
    null_only: { type: 'utf8', ...sometimes },
  },
} as const satisfies TableDeclaration

type Extreme = RowOf<typeof extremes>

const texts = ['', 'a\u0000b', 'naïve', '∑ 你好', '👩‍🔬🇪🇺', 'quote " \' \\', ' \t\r\n', 'e\u0301', '\ufeffmark', 'null']
const doubles = [
  0,
  -0,
  Number.MIN_VALUE,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  Number.EPSILON,
  0.1,
  1 / 3,
  2 ** 53 + 2,
  -1e-300,
]
const singles = doubles
  .map((value) => Math.fround(value))
  .map((value) => (Number.isFinite(value) ? value : 3.4028234663852886e38))

/** Rows with the extremes of every type, over the border between two batches. */
export function extremeRows(count = 65_600): Extreme[] {
  return Array.from({ length: count }, (_, i) => {
    const filled = {
      u8: [0, 1, 127, 128, 255][i % 5]!,
      u16: [0, 1, 32_767, 32_768, 65_535][i % 5]!,
      u32: [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1][i % 5]!,
      f32: singles[i % singles.length]!,
      f64: doubles[i % doubles.length]!,
      bool: i % 3 === 0,
      utf8: texts[i % texts.length]!,
    }
    const unless = <V>(divisor: number, value: V): V | null => (i % divisor === 0 ? null : value)
    return {
      ...filled,
      u8_or_null: unless(2, filled.u8),
      u16_or_null: unless(3, filled.u16),
      u32_or_null: unless(4, filled.u32),
      f32_or_null: unless(7, filled.f32),
      f64_or_null: unless(8, filled.f64),
      bool_or_null: unless(4, filled.bool),
      utf8_or_null: unless(9, filled.utf8),
      null_only: null,
    }
  })
}
