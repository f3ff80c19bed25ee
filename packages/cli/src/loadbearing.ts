import { createRequire } from 'node:module'
import { Command } from 'commander'
import { throwOnMisuse } from './commands/usage.ts'

/** The command line of these commands. */
export function loadbearing(commands: readonly Command[]): Command {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string }
  const program = new Command('loadbearing')
    .description('Tells which layers of a neural network carry the load.')
    .version(version)
    .addHelpText(
      'after',
      `
Start with:
  loadbearing run --profile quick           measure, score and rank the models of the zoo, in minutes
  loadbearing layers zoo:resnet8-fashion    the layers of a model
  loadbearing score --plugin ./mine.ts      a criterion of your own, on the stored truth
`,
    )
  for (const command of commands) {
    program.addCommand(
      command.option('--json', 'print the result as JSON').option('--debug', 'show the stack of an error'),
    )
  }
  throwOnMisuse(program)
  return program
}
