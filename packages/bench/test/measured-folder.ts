import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { measure } from '../src/measure.ts'
import { perturbations } from '../src/registry.generated.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A measurement of LeNet, made once for the tests of a file: 100 images, a stochastic and a deterministic perturbation. */
export function measuredFolder(): { readonly path: () => string; readonly copy: () => string } {
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'loadbearing-'))
    await measure({
      models: [{ reference: 'zoo:lenet-fashion' }],
      perturbations: perturbations.filter(({ plugin }) => ['magnitude-pruning', 'bit-flip'].includes(plugin.name)),
      out: folder,
      images: 100,
      repeats: 3,
      threads: 1,
    })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return {
    path: () => folder,
    copy() {
      const copy = temporaryFolder()
      cpSync(folder, copy, { recursive: true })
      return copy
    },
  }
}
