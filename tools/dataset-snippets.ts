/** How to open the dataset, by tool: each asks for the mean loss of accuracy of every layer under every perturbation. */
export const snippets = {
  polars: `import polars as pl

read = lambda table: pl.read_ipc(f"loadbearing-dataset/{table}.arrow")
drops = (
    read("sensitivity")
    .with_columns(drop=(pl.col("clean_correct").cast(pl.Float64) - pl.col("correct")) / pl.col("images"))
    .join(read("layers").select("layer_id", layer="name"), on="layer_id")
    .join(read("perturbations").select("perturbation_id", perturbation="name"), on="perturbation_id")
    .group_by("model_id", "layer", "perturbation", maintain_order=True)
    .agg(pl.col("drop").mean())
)
print(drops)`,

  pyarrow: `import pyarrow as pa
import pyarrow.compute as pc

read = lambda table: pa.ipc.open_file(f"loadbearing-dataset/{table}.arrow").read_all()
cells = read("sensitivity")
lost = pc.subtract(cells["clean_correct"].cast("float64"), cells["correct"].cast("float64"))
cells = cells.append_column("drop", pc.divide(lost, cells["images"].cast("float64")))
drops = cells.group_by(["layer_id", "perturbation_id"]).aggregate([("drop", "mean")])
print(drops.join(read("layers").select(["layer_id", "name"]), "layer_id").to_pylist())
print(cells.schema.field("bounded_kl").metadata)`,

  duckdb: `import duckdb
import pyarrow as pa

read = lambda table: pa.ipc.open_file(f"loadbearing-dataset/{table}.arrow").read_all()
sensitivity, layers, perturbations = map(read, ["sensitivity", "layers", "perturbations"])
duckdb.sql("""
    SELECT sensitivity.model_id, layers.name AS layer, perturbations.name AS perturbation,
           avg((clean_correct::DOUBLE - correct) / images) AS drop
    FROM sensitivity JOIN layers USING (layer_id) JOIN perturbations USING (perturbation_id)
    GROUP BY ALL ORDER BY drop DESC
""").show()`,

  javascript: `import { readFile } from 'node:fs/promises'
import { decodeRows, tables } from '@loadbearing/dataset'

// In a browser: new Uint8Array(await (await fetch(url)).arrayBuffer()). Any other Arrow reader will do, too.
const read = async (table) =>
  decodeRows(tables[table], await readFile(\`loadbearing-dataset/\${table}.arrow\`), table)

const [layers, perturbations] = [await read('layers'), await read('perturbations')]
const drops = new Map()
for (const { model_id, layer_id, perturbation_id, images, clean_correct, correct } of await read('sensitivity')) {
  if (correct === null) continue
  const name = \`\${model_id} \${layers[layer_id].name}, \${perturbations[perturbation_id].name}\`
  drops.set(name, [...(drops.get(name) ?? []), (clean_correct - correct) / images])
}
for (const [name, its] of drops) console.log(name, its.reduce((sum, drop) => sum + drop, 0) / its.length)`,

  r: `library(arrow)
library(dplyr)

read <- function(table) read_ipc_file(file.path("loadbearing-dataset", paste0(table, ".arrow")))
read("sensitivity") |>
  mutate(drop = (clean_correct - correct) / images) |>
  inner_join(read("layers") |> select(layer_id, layer = name), by = "layer_id") |>
  inner_join(read("perturbations") |> select(perturbation_id, perturbation = name), by = "perturbation_id") |>
  group_by(model_id, layer, perturbation) |>
  summarise(drop = mean(drop, na.rm = TRUE), .groups = "drop")`,
} as const
