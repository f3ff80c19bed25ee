import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const modules = join(import.meta.dirname, '../../../node_modules')

/**
 * A folder that goes when the test is over, with the packages of a checkout in reach.
 *
 * @param whenOver registers the removal; `afterAll` where several tests share the folder
 */
export function temporaryFolder(whenOver: (remove: () => void) => void = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'loadbearing-'))
  symlinkSync(modules, join(folder, 'node_modules'), 'junction')
  whenOver(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
