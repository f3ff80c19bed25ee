/**
 * Makes the small measurement in a process of its own: what a test kills, or starves of disk.
 *
 *   measure-in-child.ts FOLDER [--plugin FILE] [--die-after UNITS]
 */
import { parseArgs } from 'node:util'
import { LoadbearingError } from '@loadbearing/core'
import { loadPlugins, measure } from '../src/index.ts'
import { small } from './small-measurement.ts'

// Where the size of files is limited, a write then fails instead of ending the process.
process.on('SIGXFSZ', () => undefined)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { plugin: { type: 'string' }, 'die-after': { type: 'string' } },
})
const [out = ''] = positionals
const { plugin, 'die-after': units } = values
try {
  await measure(
    small(out, {
      ...(plugin !== undefined && { perturbations: (await loadPlugins(plugin)).perturbations }),
      onProgress(progress) {
        if (progress.kind === 'unit' && progress.finished === Number(units)) process.kill(process.pid, 'SIGKILL')
      },
    }),
  )
} catch (error) {
  if (!(error instanceof LoadbearingError)) throw error
  console.error(error.message, error.hint)
  process.exitCode = 1
}
