import { DatasetError } from '@loadbearing/core'

/** What a row refers to. @throws DatasetError where it is not there */
export function known<T>(kind: string, found: T | undefined): T {
  if (found !== undefined) return found
  throw new DatasetError(`A row of the tables names a ${kind} that is not there.`, {
    hint: 'The tables are of different measurements: rank again, or measure into another folder.',
  })
}
