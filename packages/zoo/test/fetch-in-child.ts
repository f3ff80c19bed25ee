/**
 * Reads the test images of a CIFAR-10 in a process of its own: what a test kills, or starves of disk.
 *
 *   fetch-in-child.ts SOURCE      (where it is published, as JSON)
 */
import { LoadbearingError } from '@loadbearing/core'
import { type Cifar10, readCifar10 } from '../src/cifar10.ts'

// Where the size of files is limited, a write then fails instead of ending the process.
process.on('SIGXFSZ', () => undefined)

try {
  await readCifar10(
    'test',
    { onFetch: ({ stage, bytes }) => console.log(`${stage} ${bytes}`) },
    JSON.parse(process.argv[2]!) as Cifar10,
  )
} catch (error) {
  if (!(error instanceof LoadbearingError)) throw error
  console.error(error.message, error.hint)
  process.exitCode = 1
}
