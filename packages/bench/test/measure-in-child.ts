import { LoadbearingError } from '@loadbearing/core'
import { loadPlugins, measure, perturbations } from '../src/index.ts'

// Measures LeNet into the folder named on the command line: what a test kills, or starves of disk.
// Where the size of files is limited, a write then fails instead of ending the process.
process.on('SIGXFSZ', () => undefined)

const [out = '', module] = process.argv.slice(2)
try {
  await measure({
    models: [{ reference: 'zoo:lenet-fashion' }],
    perturbations: module === undefined ? perturbations : (await loadPlugins(module)).perturbations,
    out,
    images: 160,
    repeats: 2,
    chunk: 20,
    threads: 2,
  })
} catch (error) {
  if (!(error instanceof LoadbearingError)) throw error
  console.error(error.message, error.hint)
  process.exitCode = 1
}
