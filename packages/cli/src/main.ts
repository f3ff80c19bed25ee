import { loadbearing } from './loadbearing.ts'
import { reportFailure } from './terminal/failure.ts'

const given = process.argv.slice(2)
try {
  await loadbearing().parseAsync(given.length > 0 ? given : ['--help'], { from: 'user' })
} catch (error) {
  process.exitCode = reportFailure(error, given)
}
