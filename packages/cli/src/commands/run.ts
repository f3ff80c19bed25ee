import { criteria, perturbations, rank, representatives, untilCeiling, zooSources } from '@loadbearing/bench'
import { InputError } from '@loadbearing/core'
import { Command, Option } from 'commander'
import pc from 'picocolors'
import { printResult, say } from '../terminal/output.ts'
import { measureWithProgress } from './measure.ts'
import { batchOption, cifar10Option, type CommonOptions, memoryOption, outOption, threadsOption } from './options.ts'
import { naturalNumber } from './parsing.ts'
import { describeRanking, rankingValue } from './ranking-text.ts'
import { scoreWithProgress } from './score.ts'
import { defaultPort, serve } from './serve.ts'

/** Of those that ask for the two slowest things, gradients and Hessian products, what minutes leave time for. */
const quickOfGradients: readonly string[] = ['fisher', 'snip', 'fit', 'learned']

const quickCriteria = criteria.filter(
  ({ plugin: { name, needs } }) =>
    quickOfGradients.includes(name) || !(needs.includes('gradients') || needs.includes('hessian')),
)

/** How thoroughly the whole benchmark measures, and what it scores with. */
const profiles = {
  quick: {
    precision: { kind: 'fixed', images: 500, repeats: 8 },
    zoo: 'shipped',
    chosen: representatives,
    scored: quickCriteria,
  },
  full: {
    precision: untilCeiling(0.95, { images: 10_000, repeats: 64 }),
    zoo: 'all',
    chosen: perturbations,
    scored: criteria,
  },
} as const

interface RunCommandOptions extends CommonOptions {
  readonly profile: keyof typeof profiles
  readonly out: string
  readonly cifar10?: string
  readonly threads?: number
  readonly batch?: number
  readonly memory: boolean
  readonly serve?: boolean
  readonly port: number
}

export function runCommand(): Command {
  return new Command('run')
    .description('the whole benchmark on the zoo: measure, score and rank; goes on where it stopped')
    .addOption(
      new Option(
        '--profile <name>',
        'quick: the networks that ship, one perturbation a family, 500 images, 8 repeats, every criterion without gradients and a few with them; full: the whole zoo, every perturbation, to a noise ceiling of 0.95',
      )
        .choices(Object.keys(profiles))
        .default('quick'),
    )
    .option('--serve', 'serve the leaderboard afterwards')
    .option('--no-serve', 'end after the table')
    .option('--port <n>', 'the port of the leaderboard; 0 takes any that is free', naturalNumber, defaultPort)
    .addOption(batchOption())
    .addOption(memoryOption())
    .addOption(cifar10Option())
    .addOption(threadsOption())
    .addOption(outOption())
    .action(async ({ profile, out, cifar10, threads, batch, memory, serve: serves, port, json }: RunCommandOptions) => {
      if (json && serves) {
        throw new InputError('--json prints one result and ends, --serve does not end.', {
          hint: 'Leave out one of them, or give npx loadbearing serve afterwards.',
        })
      }
      const { zoo, chosen, scored, precision } = profiles[profile]
      const models = await zooSources(zoo)
      say(pc.bold('Measure'))
      await measureWithProgress({
        precision,
        models,
        perturbations: chosen,
        out,
        cifar10,
        ...(threads !== undefined && { threads }),
      })
      say(pc.bold('Score and rank'))
      await scoreWithProgress(out, scored, { onlyMissing: true, cifar10, batch, memory, threads })
      const ranked = await rank({ out })
      const text = await describeRanking(out, ranked, 'accuracy-drop', 'share')
      printResult(json, rankingValue(ranked, 'accuracy-drop'), () => `\n${text}\n\nThe dataset is in ${out}.`)
      if (serves) await serve(out, port)
    })
}
