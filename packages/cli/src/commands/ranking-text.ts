import type { Ranked } from '@loadbearing/bench'
import type { Row } from '@loadbearing/dataset'
import { readTable, readTableIfThere } from '@loadbearing/dataset/folder'
import {
  type CriterionSizeEffect,
  type LeaderboardRow,
  layerSizes,
  meanSizeEffect,
  type Track,
  type TruthKind,
} from '@loadbearing/ranking'
import pc from 'picocolors'
import { correlation, duration, interval, points, whisker } from '../terminal/numbers.ts'
import { table, type TableColumn } from '../terminal/table.ts'

/** What a table can be sorted by: the value of a row, larger first. */
export const metrics = {
  share: ({ share }: LeaderboardRow) => share,
  kendall: ({ kendall }: LeaderboardRow) => kendall,
  recall: ({ recallTop20 }: LeaderboardRow) => recallTop20,
  ndcg: ({ ndcg }: LeaderboardRow) => ndcg,
  regret: ({ regret }: LeaderboardRow) => (regret === null ? null : -regret),
  'mean-rank': ({ meanRank }: LeaderboardRow) => (meanRank === null ? null : -meanRank),
}
export type Metric = keyof typeof metrics

/** A ranking for `--json`. */
export function rankingValue(ranked: Ranked, truth: TruthKind) {
  const withEngines = (row: LeaderboardRow) => ({ ...row, engines: ranked.engines.get(row.criterion) ?? [] })
  return {
    truth,
    tasks: ranked.tasks
      .filter((its) => its.truth === truth)
      .map(({ task, live, reason }) => ({
        model: task.model,
        perturbation: task.perturbation,
        ceiling: task.ceiling,
        liveLevels: live,
        counts: task.counts,
        reason,
      })),
    predictors: ranked.leaderboards[truth].predictor.map(withEngines),
    probes: ranked.leaderboards[truth].probe.map(withEngines),
    sizeEffects: ranked.sizeEffects,
  }
}

/** The two tables, and what they rest on. */
export async function describeRanking(
  folder: string,
  ranked: Ranked,
  truth: TruthKind,
  metric: Metric,
): Promise<string> {
  const criteria = await readTable(folder, 'criteria')
  const runs = await readTableIfThere(folder, 'runs')
  const scores = await readTable(folder, 'scores')
  const tasks = ranked.tasks.filter((its) => its.truth === truth)
  const counting = tasks.filter(({ task }) => task.counts)
  const networks = new Set(counting.map(({ task }) => task.model)).size
  const described = (title: string, track: Track): string[] => {
    const rows = ranked.leaderboards[truth][track].toSorted(
      (a, b) => (metrics[metric](b) ?? -Infinity) - (metrics[metric](a) ?? -Infinity) || 0,
    )
    return rows.length === 0
      ? []
      : [pc.bold(title), '', trackTable(rows, track, truth, costsOf(criteria, runs, scores), ranked.engines), '']
  }
  const left = tasks.filter(({ task }) => !task.counts)
  return [
    `How well criteria predict ${truth === 'accuracy-drop' ? 'the accuracy lost' : 'the bounded KL'} when a layer is perturbed.`,
    `Share: Spearman's ρ over the noise ceiling, on ${counting.length} of ${tasks.length} tasks.`,
    'Time: to score a model, the mean over models.',
    '',
    ...described('Predictors: no perturbed forward pass', 'predictor'),
    ...described('Probes: some perturbed forward passes', 'probe'),
    ...sizeSection(ranked.sizeEffects),
    ...left.map(({ task, reason }) =>
      pc.dim(`  ${task.model} under ${task.perturbation} does not count. ${reason ?? ''}`),
    ),
    ...(left.length > 0 ? [''] : []),
    networks < 10
      ? pc.yellow(`Illustrative: ${inWords(networks)} decide${networks === 1 ? 's' : ''} nothing.`)
      : `Measured on ${networks} networks.`,
  ].join('\n')
}

/** A correlation with size that the text speaks of; `--json` has all. */
const notable = 0.8

/** The criteria that little but the size of the layers can be seen in, the most so first. */
function sizeSection(effects: readonly CriterionSizeEffect[]): string[] {
  const rows = [...new Set(effects.map(({ criterion }) => criterion))]
    .map((name) => {
      const mean = meanSizeEffect(effects.filter(({ criterion }) => criterion === name))
      return { name, mean, most: Math.max(...layerSizes.map((size) => Math.abs(mean[size] ?? 0))) }
    })
    .filter(({ most }) => most >= notable)
    .sort((a, b) => b.most - a.most)
  if (rows.length === 0) return []
  const columns = ['parameters', 'MACs', 'depth'].map((title): TableColumn => ({ title, align: 'right' }))
  return [
    pc.bold('Close to the size of the layers'),
    `ρ between scores and size, the mean over models, where one is at least ±${correlation(notable)}; --json has all.`,
    '',
    table(
      [{ title: 'criterion' }, ...columns],
      rows.map(({ name, mean }) => [pc.bold(name), ...layerSizes.map((size) => correlation(mean[size]))]),
    ),
    '',
  ]
}

interface Cost {
  /** Of a model: the mean over models. */
  readonly seconds: number
  /** Forward passes of one image, a score: what a probe spends on a layer at one level. */
  readonly forwards: number
  readonly needs: string
}

function costsOf(
  criteria: readonly Row<'criteria'>[],
  runs: readonly Row<'runs'>[],
  scores: readonly Row<'scores'>[],
): Map<string, Cost> {
  return new Map(
    criteria.map(({ criterion_id: id, name, needs }) => {
      const own = runs.filter((run) => run.criterion_id === id)
      const sum = (of: (run: Row<'runs'>) => number): number => own.reduce((total, run) => total + of(run), 0)
      const given = scores.filter((row) => row.criterion_id === id).length
      const seconds = own.length === 0 ? 0 : sum((run) => run.seconds) / own.length
      return [name, { seconds, forwards: sum((run) => run.forwards) / given, needs }]
    }),
  )
}

function trackTable(
  rows: readonly LeaderboardRow[],
  track: Track,
  truth: TruthKind,
  costs: ReadonlyMap<string, Cost>,
  engines: Ranked['engines'],
): string {
  const right = (title: string): TableColumn => ({ title, align: 'right' })
  const spare = (title: string): TableColumn => ({ title, align: 'right', spare: true })
  const trouble = rows.some(({ failures, constants }) => failures + constants > 0)
  return table(
    [
      right('#'),
      { title: 'criterion' },
      right('share'),
      { title: '−1        0         1' },
      { title: '95 % interval' },
      spare('τ-b'),
      spare('top 20 %'),
      spare('NDCG'),
      right('regret'),
      right('time'),
      ...(track === 'probe' ? [right('forwards')] : []),
      spare('mean rank'),
      { title: 'needs', spare: true },
      { title: 'engine', spare: true },
      ...(trouble ? [right('failed'), right('constant')] : []),
    ],
    rows.map((row, index) => {
      const cost = costs.get(row.criterion)
      return [
        String(index + 1),
        pc.bold(row.criterion),
        correlation(row.share),
        whisker(row.share, row.shareLow, row.shareHigh),
        interval(row.shareLow, row.shareHigh),
        correlation(row.kendall),
        correlation(row.recallTop20),
        correlation(row.ndcg),
        truth === 'accuracy-drop' ? points(row.regret) : correlation(row.regret),
        duration(cost?.seconds ?? 0),
        ...(track === 'probe' ? [(cost?.forwards ?? 0).toFixed(0)] : []),
        row.meanRank?.toFixed(1) ?? '–',
        pc.dim(cost?.needs.replaceAll(',', ', ') ?? ''),
        pc.dim(engines.get(row.criterion)?.join(', ') ?? ''),
        ...(trouble ? [String(row.failures), String(row.constants)] : []),
      ]
    }),
  )
}

const words = [
  'no network',
  'one network',
  'two networks',
  'three networks',
  'four networks',
  'five networks',
  'six networks',
  'seven networks',
  'eight networks',
  'nine networks',
]

function inWords(networks: number): string {
  return words[networks] ?? `${networks} networks`
}
