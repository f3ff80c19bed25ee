import { loadbearing } from './loadbearing.ts'
import { reportFailure } from './terminal/failure.ts'

const program = loadbearing()
try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = reportFailure(error, process.argv)
}
