"""Writes tables of examples that are no images with pyarrow, for the tests of packages/images and packages/cli.

python tools/reference/number_tables.py      writes numbers.* into packages/images/test/fixtures

Twenty rows, 'low' and 'high' in turn; the last number of each list tells which.
"""

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

FIXTURES = pathlib.Path(__file__).parents[2] / "packages/images/test/fixtures"


def main() -> None:
    signs = [-1 if row % 2 == 0 else 1 for row in range(20)]
    ids = [[row % 10, 3, 9 if sign > 0 else 0] for row, sign in enumerate(signs)]
    table = pa.table(
        {
            "text": [f"example {row}" for row in range(20)],
            "x": pa.array(
                [[row, -row / 2, 0.25, sign * 1000.5] for row, sign in enumerate(signs)], pa.list_(pa.float32(), 4)
            ),
            "ids": pa.array(ids, pa.list_(pa.int64())),
            "attention_mask": pa.array([[1, 1, 1]] * 20, pa.list_(pa.int8())),
            "grid": pa.array(
                [[[row, 0.5], [-1, sign]] for row, sign in enumerate(signs)], pa.large_list(pa.list_(pa.float64()))
            ),
            "label": ["low" if sign < 0 else "high" for sign in signs],
        }
    )
    pq.write_table(table, FIXTURES / "numbers.parquet", row_group_size=7, compression="zstd")
    with pa.OSFile(str(FIXTURES / "numbers.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)


if __name__ == "__main__":
    main()
