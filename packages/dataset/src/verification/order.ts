import type { TableName } from '../tables.ts'
import type { Finding } from './finding.ts'

/**
 * Rows stand in ascending order of their keys, each key once.
 *
 * @param keys of every row, the most significant part first
 */
export function* ascending(table: TableName, keys: readonly (readonly number[])[], what: string): Generator<Finding> {
  for (let row = 1; row < keys.length; row++) {
    const [before, key] = [keys[row - 1]!, keys[row]!]
    const part = key.findIndex((value, i) => value !== before[i])
    if (part >= 0 && key[part]! > before[part]!) continue
    const message = part < 0 ? `It has the same ${what} as row ${row - 1}.` : `Rows must be in order of ${what}.`
    yield { table, row, message }
  }
}
