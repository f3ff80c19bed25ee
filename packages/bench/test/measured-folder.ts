import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { measure } from '../src/measure.ts'
import { perturbations } from '../src/registry.generated.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Measures LeNet: 100 images, a stochastic and a deterministic perturbation. */
export async function measureInto(out: string): Promise<void> {
  await measure({
    models: [{ reference: 'zoo:lenet-fashion' }],
    perturbations: perturbations.filter(({ plugin }) => ['magnitude-pruning', 'bit-flip'].includes(plugin.name)),
    out,
    precision: { kind: 'fixed', images: 100, repeats: 3 },
    threads: 1,
  })
}

/** That measurement, made once for the tests of a file. */
export function measuredFolder(): { readonly copy: () => string } {
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'loadbearing-'))
    await measureInto(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return {
    copy() {
      const copy = temporaryFolder()
      cpSync(folder, copy, { recursive: true })
      return copy
    },
  }
}
