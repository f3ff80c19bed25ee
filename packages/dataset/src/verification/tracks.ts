import type { Finding, OpenTables } from './finding.ts'

/** A criterion is a predictor or a probe. */
export function* tracks({ criteria = [] }: OpenTables): Generator<Finding> {
  for (const [row, { track }] of criteria.entries()) {
    if (track === 'predictor' || track === 'probe') continue
    yield { table: 'criteria', row, message: `track is '${track}', neither predictor nor probe.` }
  }
}
