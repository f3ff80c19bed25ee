import type { DecidedPair } from '@loadbearing/bench'
import { count } from '../terminal/numbers.ts'
import { table } from '../terminal/table.ts'

/** What a pilot decided, as a table. */
export function describeDecisions(pairs: readonly DecidedPair[]): string {
  const models = new Set(pairs.map(({ model }) => model)).size
  return [
    'The pilot is done. To follow:',
    table(
      [
        ...(models > 1 ? [{ title: 'model' } as const] : []),
        { title: 'perturbation' },
        { title: 'live levels', align: 'right' },
        { title: 'images', align: 'right' },
        { title: 'draws', align: 'right' },
        { title: 'ceiling', align: 'right' },
        { title: '', spare: true },
      ],
      pairs.map(({ model, perturbation, live, images, repeats, expected, reason }) => [
        ...(models > 1 ? [model] : []),
        perturbation,
        String(live.length),
        count(images),
        String(repeats),
        expected === null ? '–' : expected.toFixed(2),
        reason ?? '',
      ]),
    ),
  ].join('\n')
}
