import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What tools/reference/images.py wrote. */
export const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name)

/** What Pillow and transformers make of the two pictures. */
export const pillow = JSON.parse(readFileSync(fixture('pillow.json'), 'utf8')) as {
  readonly resizes: readonly {
    readonly resample: 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos'
    readonly height: number
    readonly width: number
    readonly sha256: string
  }[]
  readonly grey: string
  readonly jpeg: readonly number[]
  readonly processors: Readonly<
    Record<
      'wide' | 'tall',
      readonly {
        readonly name: string
        readonly config: object
        readonly shape: readonly [number, number, number]
        readonly sum: number
        readonly values: readonly (readonly [at: number, value: number])[]
      }[]
    >
  >
}
