import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const tool = join(import.meta.dirname, '../../../tools/never-lost.ts')

it('loses nothing that was finished to SIGKILL, at whatever moment', async () => {
  const args = ['--conditions=@loadbearing/source', tool, '--kills', '2', '--seed', 'test']
  const { stdout } = await promisify(execFile)(process.execPath, args)
  expect(stdout.match(/^kill \d/gm)).toEqual(['kill 1', 'kill 2'])
  expect(stdout).toContain('2 kills, 0 findings')
})
