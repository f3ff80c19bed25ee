/** How to open the files, in the languages that people ask for; they run as they stand, beside the downloaded files. */
export const readingExamples = [
  {
    title: 'Python, pyarrow',
    code: `import pyarrow.feather as feather

table = feather.read_table('sensitivity.arrow')
print(table.schema.field('bounded_kl').metadata)`,
  },
  {
    title: 'Python, polars',
    code: `import polars as pl

criteria = pl.read_ipc('criteria.arrow')
board = pl.read_ipc('leaderboard.arrow')
print(
    board.filter(pl.col('truth') == 'accuracy-drop')
    .join(criteria, on='criterion_id')
    .select('name', 'track', 'share', 'share_low', 'share_high')
    .sort('share', descending=True)
)`,
  },
  {
    title: 'Python, DuckDB',
    code: `import duckdb
import pyarrow.feather as feather

cells = feather.read_table('sensitivity.arrow')
print(duckdb.sql('''
    SELECT layer_id, avg((clean_correct::INT - correct) / images)
    FROM cells GROUP BY layer_id ORDER BY 2 DESC
'''))`,
  },
  {
    title: 'R',
    code: `library(arrow)

cells <- read_feather("sensitivity.arrow")
cells$drop <- (cells$clean_correct - cells$correct) / cells$images
aggregate(drop ~ layer_id, cells, mean)`,
  },
  {
    title: 'JavaScript',
    code: `import { tableFromIPC } from 'apache-arrow'

const url = '/dataset/files/leaderboard.arrow'
const table = await tableFromIPC(fetch(url))
console.table(table.toArray().map((row) => row.toJSON()))`,
  },
] as const
