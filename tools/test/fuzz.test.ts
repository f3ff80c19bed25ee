import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

// All of it is `npm run fuzz -- --cases 2000`; the tool fails where a case ends the process, hangs, or takes more memory than its bound.
it('a sample of damaged files is read or refused, and does no harm', async () => {
  const tool = join(import.meta.dirname, '../fuzz.ts')
  const options = ['--conditions=@loadbearing/source', tool, '--cases', '100', '--seed', '7']
  const { stdout } = await promisify(execFile)(process.execPath, options)
  for (const format of ['onnx', 'arrow']) {
    expect(stdout).toContain(`${format}, seed 7: 100 cases; none ended, hung or failed otherwise`)
  }
}, 120_000)
