/** How to open the files, in the languages that people ask for: the ten layers that lose most at one intensity, or the head of a table. */
export const readingExamples = [
  {
    title: 'Python, pyarrow',
    code: `import pyarrow.feather as feather

sensitivity = feather.read_table('sensitivity.arrow')
print(sensitivity.schema.field('bounded_kl').metadata)   # description and unit`,
  },
  {
    title: 'Python, polars',
    code: `import polars as pl

drop = (pl.col('clean_correct').cast(int) - pl.col('correct').cast(int)) / pl.col('images')
(pl.read_ipc('sensitivity.arrow', memory_map=False)
    .group_by('layer_id', 'perturbation_id', 'intensity')
    .agg(drop.mean().alias('drop'))
    .join(pl.read_ipc('layers.arrow', memory_map=False), on='layer_id')
    .sort('drop', descending=True))`,
  },
  {
    title: 'Python, DuckDB',
    code: `import duckdb, pyarrow.feather as feather

rankings, criteria = (feather.read_table(f'{t}.arrow') for t in ('rankings', 'criteria'))
duckdb.sql('SELECT name, avg(share) FROM rankings JOIN criteria USING (criterion_id) GROUP BY name')`,
  },
  {
    title: 'R',
    code: `library(arrow)

sensitivity <- read_feather("sensitivity.arrow")
sensitivity$drop <- (sensitivity$clean_correct - sensitivity$correct) / sensitivity$images`,
  },
  {
    title: 'JavaScript',
    code: `import { tableFromIPC } from 'apache-arrow'

const leaderboard = await tableFromIPC(fetch('/dataset/files/leaderboard.arrow'))
console.table(leaderboard.toArray().map((row) => row.toJSON()))`,
  },
] as const
