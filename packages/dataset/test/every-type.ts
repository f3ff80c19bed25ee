import type { TableDeclaration } from '../src/index.ts'

const always = { nullable: false, unit: null, description: 'Always filled.' } as const
const sometimes = { nullable: true, unit: 'units', description: 'Sometimes null.' } as const

/** A table with a column of every type that there is. */
export const everyType = {
  name: 'every-type',
  description: 'Every type.',
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
  },
} as const satisfies TableDeclaration
