import { readTable } from '@loadbearing/dataset/folder'
import { folder } from 'virtual:loadbearing/dataset'

const runs = await readTable(folder, 'runs')

/** What criteria were scored on: processor, platform and engine, each kind once. */
export const machines: readonly string[] = [
  ...new Set(
    runs
      .filter(({ kind }) => kind === 'score')
      .map(
        ({ processor, platform, node, engine }) =>
          `${processor}, ${platform}, Node ${node}${engine === null ? '' : `, ${engine}`}`,
      ),
  ),
]
