import { LoadbearingError } from '@loadbearing/core'
import pc from 'picocolors'

/** What a person did to stop a command. */
export class Interrupted extends Error {
  readonly signal: 'SIGINT' | 'SIGTERM'

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super('Interrupted. What was finished is kept; the same command goes on with it.')
    this.name = 'Interrupted'
    this.signal = signal
  }
}

/**
 * Says on stderr what went wrong: the sentence and the next step, as JSON where the command was asked for it, with the stack only where
 * that was asked for.
 *
 * @returns the exit code: 130 and 143 for the two signals, as shells have it, otherwise 1
 */
export function reportFailure(error: unknown, argv: readonly string[]): number {
  const sentence = error instanceof Error ? error.message : String(error)
  const hint = error instanceof LoadbearingError ? error.hint : undefined
  const code =
    error instanceof LoadbearingError ? error.code : error instanceof Interrupted ? 'interrupted' : 'unexpected'
  const stack = argv.includes('--debug') ? stackOf(error) : undefined
  if (argv.includes('--json')) {
    process.stderr.write(`${JSON.stringify({ error: { code, message: sentence, hint, stack } })}\n`)
    return exitCodeOf(error)
  }
  if (error instanceof Interrupted) {
    process.stderr.write(`\n${sentence}\n`)
  } else {
    process.stderr.write(`${pc.red('Error:')} ${sentence}\n`)
    if (hint !== undefined) process.stderr.write(`${hint}\n`)
    if (code === 'unexpected') process.stderr.write('This is a fault of Loadbearing itself: --debug shows where.\n')
  }
  if (stack !== undefined) process.stderr.write(`${stack}\n`)
  return exitCodeOf(error)
}

function exitCodeOf(error: unknown): number {
  if (!(error instanceof Interrupted)) return 1
  return error.signal === 'SIGINT' ? 130 : 143
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.stack ?? error.message
  return error.cause === undefined ? own : `${own}\nCaused by: ${stackOf(error.cause)}`
}
