import type { LeaderboardRow, Track, TruthKind } from '@loadbearing/ranking'
import type { Criterion } from '../../src/data/dataset.ts'
import { bytes, correlation, count, duration, interval, points, shortCount } from '../text/numbers.ts'

/** A column of the leaderboard: what it sorts by and what it shows. */
export interface Column<Row> {
  readonly key: string
  readonly title: string
  /** For the key below the table and the heading's tooltip. */
  readonly explanation: string
  readonly better: 'high' | 'low'
  readonly value: (row: Row) => number | null
  readonly text: (row: Row) => string
}

/** What the ranking says of a criterion; a browser computes these again when tasks are chosen. */
export function rankingColumns(kind: TruthKind): readonly Column<LeaderboardRow>[] {
  const inPoints = kind === 'accuracy-drop'
  return [
    {
      key: 'share',
      title: 'Share',
      explanation:
        'Spearman’s ρ between scores and truth, divided by the task’s noise ceiling: 1 is as well as the truth itself is known. Averaged over tasks.',
      better: 'high',
      value: ({ share }) => share,
      text: ({ share }) => correlation(share),
    },
    {
      key: 'interval',
      title: '95\u00a0% interval',
      explanation: 'Of the share, by a bootstrap over models and layers; sorted by its lower end.',
      better: 'high',
      value: ({ shareLow }) => shareLow,
      text: ({ shareLow, shareHigh }) => interval(shareLow, shareHigh),
    },
    {
      key: 'kendall',
      title: 'τ-b',
      explanation: 'Kendall’s rank correlation; not divided by a ceiling.',
      better: 'high',
      value: ({ kendall }) => kendall,
      text: ({ kendall }) => correlation(kendall),
    },
    {
      key: 'recall',
      title: 'Top 20\u00a0%',
      explanation: 'Share of the 20 % most important layers that are among its own top 20 %.',
      better: 'high',
      value: ({ recallTop20 }) => recallTop20,
      text: ({ recallTop20 }) => correlation(recallTop20),
    },
    {
      key: 'ndcg',
      title: 'NDCG',
      explanation: 'Normalised discounted cumulative gain: the order of the layers that matter weighs most.',
      better: 'high',
      value: ({ ndcg }) => ndcg,
      text: ({ ndcg }) => correlation(ndcg),
    },
    {
      key: 'regret',
      title: inPoints ? 'Regret, points' : 'Regret',
      explanation: `${inPoints ? 'Accuracy points' : 'Bounded KL'} lost, a layer, by protecting the 20 % of the layers that it picks instead of those that matter most.`,
      better: 'low',
      value: ({ regret }) => regret,
      text: ({ regret }) => (inPoints ? points(regret) : correlation(regret)),
    },
    {
      key: 'rank',
      title: 'Mean rank',
      explanation: 'Over the tasks, within its table; 1 is best.',
      better: 'low',
      value: ({ meanRank }) => meanRank,
      text: ({ meanRank }) => meanRank?.toFixed(1) ?? '–',
    },
    {
      key: 'failures',
      title: 'Failed',
      explanation:
        'Tasks on which it gave no score for a layer (share 0, last rank), or the same score to all (ρ = 0).',
      better: 'low',
      value: ({ failures, constants }) => failures + constants,
      text: ({ failures, constants }) => (constants === 0 ? String(failures) : `${failures} + ${constants} constant`),
    },
  ]
}

const perModel: readonly Column<Criterion>[] = [
  {
    key: 'forwards',
    title: 'Forward passes',
    explanation: 'Of one image, to score all layers of a model; the mean over models.',
    better: 'low',
    value: ({ cost }) => cost?.forwards ?? null,
    text: ({ cost }) => (cost ? passes(cost.forwards) : '–'),
  },
  {
    key: 'backwards',
    title: 'Backward passes',
    explanation: 'Of one image, for gradients; counted as the forward passes are.',
    better: 'low',
    value: ({ cost }) => cost?.backwards ?? null,
    text: ({ cost }) => (cost ? passes(cost.backwards) : '–'),
  },
]

const perScore: readonly Column<Criterion>[] = [
  {
    key: 'forwards',
    title: 'Forwards a score',
    explanation:
      'Of a probe: forward passes of one image behind every score, of a layer or of a layer at one intensity where it is aware of the perturbation.',
    better: 'low',
    value: ({ cost }) => cost?.forwardsPerScore ?? null,
    text: ({ cost }) => (cost ? count(Math.round(cost.forwardsPerScore)) : '–'),
  },
  perModel[1]!,
]

/** What a criterion costs, whichever tasks are chosen. Forward passes are the currency of probes: theirs are those behind a score. */
export function costColumns(track: Track): readonly Column<Criterion>[] {
  return [
    {
      key: 'seconds',
      title: 'Time',
      explanation: 'To score all layers of a model; the mean over models.',
      better: 'low',
      value: ({ cost }) => cost?.seconds ?? null,
      text: ({ cost }) => (cost ? duration(cost.seconds) : '–'),
    },
    {
      key: 'processor',
      title: 'CPU',
      explanation: 'Processor time of all threads meanwhile; the mean over models.',
      better: 'low',
      value: ({ cost }) => cost?.cpuSeconds ?? null,
      text: ({ cost }) => (cost ? duration(cost.cpuSeconds) : '–'),
    },
    {
      key: 'memory',
      title: 'Memory',
      explanation:
        'Resident memory above idle, scored by itself in a process of its own, on the model where it is highest.',
      better: 'low',
      value: ({ cost }) => cost?.peakMemory ?? null,
      text: ({ cost }) => (cost?.peakMemory == null ? '–' : bytes(cost.peakMemory)),
    },
    {
      key: 'images',
      title: 'Images',
      explanation:
        'Different calibration images that it looks at, on the model where they are most; they never are test images.',
      better: 'low',
      value: ({ cost }) => cost?.images ?? null,
      text: ({ cost }) => (cost ? count(Math.round(cost.images)) : '–'),
    },
    ...(track === 'probe' ? perScore : perModel),
  ]
}

function passes(value: number): string {
  return value < 1e4 ? count(Math.round(value)) : shortCount(Math.round(value))
}
