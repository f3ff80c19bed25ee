import { rank } from '@loadbearing/bench'
import { truthKinds } from '@loadbearing/ranking'
import { Command, Option } from 'commander'
import { printResult } from '../terminal/output.ts'
import { type CommonOptions, nameOf, outOption } from './options.ts'
import { moreNames, number } from './parsing.ts'
import { pluginOption } from './plugin-option.ts'
import { describeRanking, type Metric, metrics, rankingValue } from './ranking-text.ts'
import { criteriaOf, scoreWithProgress } from './score.ts'

interface RankCommandOptions extends CommonOptions {
  readonly out: string
  readonly model?: string[]
  readonly perturbation?: string[]
  readonly intensity?: number
  readonly truth: (typeof truthKinds)[number]
  readonly metric: Metric
  readonly plugin?: string[]
}

export function rankCommand(): Command {
  return new Command('rank')
    .description('rank the scored criteria by how well they predict the ground truth, and print the table')
    .option('--model <names>', 'rank on these models only, joined by commas', moreNames)
    .option('--perturbation <names>', 'rank on these perturbations only, joined by commas', moreNames)
    .option('--intensity <n>', 'rank at one intensity instead of pooling the live ones', number)
    .addOption(new Option('--truth <kind>', 'what is predicted').choices(truthKinds).default('accuracy-drop'))
    .addOption(
      new Option('--metric <name>', 'what the table is sorted by').choices(Object.keys(metrics)).default('share'),
    )
    .addOption(pluginOption())
    .addOption(outOption())
    .addHelpText(
      'after',
      `
Examples:
  npx loadbearing rank --perturbation bit-flip --metric regret
  npx loadbearing rank --model zoo:resnet8-fashion,zoo:lenet-fashion --truth bounded-kl
  npx loadbearing rank --plugin ./mine.ts             scores a criterion of your own, then ranks
`,
    )
    .action(async ({ out, model, perturbation, intensity, truth, metric, plugin, json }: RankCommandOptions) => {
      if (plugin) await scoreWithProgress(out, await criteriaOf(plugin), { memory: true })
      const ranked = await rank({
        out,
        ...(model && { models: model.map(nameOf) }),
        ...(perturbation && { perturbations: perturbation }),
        ...(intensity !== undefined && { intensity }),
      })
      const text = json ? '' : await describeRanking(out, ranked, truth, metric)
      printResult(json, rankingValue(ranked, truth), () => text)
    })
}
