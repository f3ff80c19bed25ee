import { createRequire } from 'node:module'
import { Command } from 'commander'
import { criteriaCommand } from './commands/criteria.ts'
import { datasetCommand } from './commands/dataset.ts'
import { layersCommand } from './commands/layers.ts'
import { measureCommand } from './commands/measure.ts'
import { perturbCommand } from './commands/perturb.ts'
import { perturbationsCommand } from './commands/perturbations.ts'
import { rankCommand } from './commands/rank.ts'
import { runCommand } from './commands/run.ts'
import { scoreCommand } from './commands/score.ts'
import { serveCommand } from './commands/serve.ts'
import { throwOnMisuse } from './commands/usage.ts'

/** The command line. */
export function loadbearing(): Command {
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
  for (const command of [
    runCommand(),
    measureCommand(),
    scoreCommand(),
    rankCommand(),
    serveCommand(),
    layersCommand(),
    perturbCommand(),
    criteriaCommand(),
    perturbationsCommand(),
    datasetCommand(),
  ]) {
    program.addCommand(
      command.option('--json', 'print the result as JSON').option('--debug', 'show the stack of an error'),
    )
  }
  throwOnMisuse(program)
  return program
}
