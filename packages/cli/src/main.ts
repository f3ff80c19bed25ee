import { Console } from 'node:console'
import { EngineError } from '@loadbearing/core'
import type { Command } from 'commander'
import { doctorCommand } from './commands/doctor.ts'
import { loadbearing } from './loadbearing.ts'
import { reportFailure } from './terminal/failure.ts'

// stdout is for results: what a plugin logs must not stand among them.
globalThis.console = new Console(process.stderr)

const given = process.argv.slice(2)
try {
  await loadbearing(await commandsFor(given[0])).parseAsync(given.length > 0 ? given : ['--help'], { from: 'user' })
} catch (error) {
  process.exitCode = reportFailure(error, given)
}

/** All commands, but for the doctor, who comes alone: all others load an engine, and may not start where that is missing. */
async function commandsFor(name: string | undefined): Promise<Command[]> {
  if (name === 'doctor') return [doctorCommand()]
  try {
    const { allCommands } = await import('./commands/all.ts')
    return allCommands()
  } catch (cause) {
    throw new EngineError('Something that Loadbearing is made of cannot be loaded on this machine.', {
      hint: 'npx loadbearing doctor says what, and what to do about it.',
      cause,
    })
  }
}
