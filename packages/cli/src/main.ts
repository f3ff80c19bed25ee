import { Console } from 'node:console'
import { loadbearing } from './loadbearing.ts'
import { reportFailure } from './terminal/failure.ts'

// stdout is for results: what a plugin logs must not stand among them.
globalThis.console = new Console(process.stderr)

const given = process.argv.slice(2)
try {
  await loadbearing().parseAsync(given.length > 0 ? given : ['--help'], { from: 'user' })
} catch (error) {
  process.exitCode = reportFailure(error, given)
}
