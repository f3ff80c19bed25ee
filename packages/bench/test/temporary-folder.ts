import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/**
 * An empty folder that goes when the test is over.
 *
 * @param whenOver registers the removal; `afterAll` where several tests share the folder
 */
export function temporaryFolder(whenOver: (remove: () => void) => void = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'loadbearing-'))
  whenOver(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
