import { rank } from '@loadbearing/bench'
import { truthKinds } from '@loadbearing/ranking'
import { Command, Option } from 'commander'
import { printResult } from '../terminal/output.ts'
import { type CommonOptions, outOption } from './options.ts'
import { number } from './parsing.ts'
import { describeRanking, type Metric, metrics, rankingValue } from './ranking-text.ts'

interface RankCommandOptions extends CommonOptions {
  readonly out: string
  readonly model?: string[]
  readonly perturbation?: string[]
  readonly intensity?: number
  readonly truth: (typeof truthKinds)[number]
  readonly metric: Metric
}

export function rankCommand(): Command {
  return new Command('rank')
    .description('rank the scored criteria by how well they predict the ground truth, and print the table')
    .option('--model <name...>', 'rank on these networks only')
    .option('--perturbation <name...>', 'rank on these perturbations only')
    .option('--intensity <n>', 'rank at one intensity instead of pooling the live ones', number)
    .addOption(new Option('--truth <kind>', 'what is predicted').choices(truthKinds).default('accuracy-drop'))
    .addOption(
      new Option('--metric <name>', 'what the table is sorted by').choices(Object.keys(metrics)).default('share'),
    )
    .addOption(outOption())
    .action(async ({ out, model, perturbation, intensity, truth, metric, json }: RankCommandOptions) => {
      const ranked = await rank({
        out,
        ...(model && { models: model.map((name) => name.replace(/^zoo:/, '')) }),
        ...(perturbation && { perturbations: perturbation }),
        ...(intensity !== undefined && { intensity }),
      })
      const text = json ? '' : await describeRanking(out, ranked, truth, metric)
      printResult(json, rankingValue(ranked, truth), () => text)
    })
}
