/**
 * Makes the small measurement in a process of its own: what a test kills, or starves of disk. Says how far it is, a line each time.
 *
 *   measure-in-child.ts FOLDER [--two-phases] [--threads N] [--plugin FILE] [--die-after UNITS]
 */
import { parseArgs } from 'node:util'
import { LoadbearingError } from '@loadbearing/core'
import { loadPlugins, measure } from '../src/index.ts'
import { small, twoPhases } from './small-measurement.ts'

// Where the size of files is limited, a write then fails instead of ending the process.
process.on('SIGXFSZ', () => undefined)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'two-phases': { type: 'boolean', default: false },
    threads: { type: 'string', default: '1' },
    plugin: { type: 'string' },
    'die-after': { type: 'string' },
  },
})
const [out = ''] = positionals
const { plugin, threads, 'die-after': units, 'two-phases': inTwo } = values
try {
  await measure(
    small(out, {
      threads: Number(threads),
      ...(inTwo && { precision: twoPhases }),
      ...(plugin !== undefined && { perturbations: (await loadPlugins(plugin)).perturbations }),
      onProgress(progress) {
        const { kind } = progress
        const isCounted = kind === 'plan' || kind === 'unit'
        console.log(isCounted ? `${kind} ${progress.finished} of ${progress.units}` : kind)
        if (kind === 'unit' && progress.finished === Number(units)) process.kill(process.pid, 'SIGKILL')
      },
    }),
  )
} catch (error) {
  if (!(error instanceof LoadbearingError)) throw error
  console.error(error.message, error.hint)
  process.exitCode = 1
}
