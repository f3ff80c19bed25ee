import { InputError } from '@loadbearing/core'
import type { Command, CommanderError } from 'commander'

/** Makes a command, and those below it, throw an InputError where it is called wrongly, instead of ending the process. */
export function throwOnMisuse(command: Command): void {
  command
    .configureOutput({ outputError: () => undefined })
    .exitOverride((error) => {
      // Where help or the version was printed, nothing is left to say: commander ends the process.
      if (error.exitCode !== 0 && error.code !== 'commander.help') throw misuse(error, command)
    })
    .commands.forEach(throwOnMisuse)
}

/** What commander says, as a sentence and a next step: the nearest name that there is, or where to look. */
function misuse({ message }: CommanderError, command: Command): InputError {
  const [, sentence = message, near] = /^(?:error: )?(.*?)(?:\n\((Did you mean .*)\))?$/s.exec(message) ?? []
  return new InputError(`${sentence.charAt(0).toUpperCase()}${sentence.slice(1).replace(/\.?$/, '.')}`, {
    hint: near ?? `npx ${pathOf(command)} --help lists what it takes.`,
  })
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}
