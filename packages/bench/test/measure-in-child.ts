import { measure, perturbations } from '../src/index.ts'

// Measures LeNet into the folder named on the command line: what a test kills, or starves of disk.
// Where the size of files is limited, a write then fails instead of ending the process.
process.on('SIGXFSZ', () => undefined)

const [out = ''] = process.argv.slice(2)
await measure({
  models: [{ reference: 'zoo:lenet-fashion' }],
  perturbations,
  out,
  images: 400,
  repeats: 2,
  chunk: 50,
  threads: 2,
})
