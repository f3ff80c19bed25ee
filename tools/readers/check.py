"""Opens every Arrow file of a dataset folder with pyarrow, polars and DuckDB, and compares what they read with what ours did.

    npm run --silent readers:dump -- FOLDER | python3 tools/readers/check.py FOLDER

Compared: names and types of the columns, rows, nulls, and every value; floats to the bit. The dump holds all values, or a digest of
a long column. Exits with 1 on any difference.

DuckDB reads Arrow files by an extension that it downloads (nanoarrow). To need no network, DuckDB is handed the table that pyarrow
opened, and reads Arrow's buffers from there: its understanding of the types, nulls and values is checked, its opening of the file is not.
"""

import array
import base64
import hashlib
import json
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable

import duckdb
import polars
import pyarrow
import pyarrow.ipc

Columns = dict[str, tuple[str, list[Any]]]
"""Of every column: its type in the reader's words, and its values."""


def read_pyarrow(file: str) -> Columns:
    table = pyarrow.ipc.open_file(file).read_all()
    table.validate(full=True)
    return {name: (str(table.schema.field(name).type), table[name].to_pylist()) for name in table.column_names}


def read_pyarrow_stream(file: str) -> Columns:
    """The same file as the stream that it holds, which is how some readers take it."""
    with pyarrow.OSFile(file) as source:
        source.seek(8)
        table = pyarrow.ipc.open_stream(source).read_all()
    return {name: (str(table.schema.field(name).type), table[name].to_pylist()) for name in table.column_names}


def read_polars(file: str) -> Columns:
    frame = polars.read_ipc(file)
    return {series.name: (str(series.dtype), series.to_list()) for series in frame}


def read_duckdb(file: str) -> Columns:
    table = pyarrow.ipc.open_file(file).read_all()
    relation = duckdb.connect().from_arrow(table)
    rows = relation.fetchall()
    return {
        name: (str(kind), [row[i] for row in rows])
        for i, (name, kind) in enumerate(zip(relation.columns, relation.types, strict=True))
    }


READERS: dict[str, Callable[[str], Columns]] = {
    "pyarrow": read_pyarrow,
    "pyarrow, as a stream": read_pyarrow_stream,
    "polars": read_polars,
    "DuckDB": read_duckdb,
}

TYPES = {
    "u8": {"uint8", "UInt8", "UTINYINT"},
    "u16": {"uint16", "UInt16", "USMALLINT"},
    "u32": {"uint32", "UInt32", "UINTEGER"},
    "f32": {"float", "Float32", "FLOAT"},
    "f64": {"double", "Float64", "DOUBLE"},
    "bool": {"bool", "Boolean", "BOOLEAN"},
    "utf8": {"string", "String", "VARCHAR"},
}
"""What the readers call our types."""

ARRAYS = {"u8": "B", "u16": "H", "u32": "I", "f32": "f", "f64": "d", "bool": "B"}


def bits(value: float | None) -> str | None:
    return None if value is None else struct.pack(">d", value).hex()


def digest(kind: str, values: list[Any]) -> str:
    numbers = array.array(ARRAYS[kind], values)
    if sys.byteorder == "big":
        numbers.byteswap()
    return hashlib.sha256(numbers.tobytes()).hexdigest()


def differences(dump: dict[str, Any], read: Columns) -> list[str]:
    declared = [column["name"] for column in dump["columns"]]
    if list(read) != declared:
        return [f"the columns are {', '.join(read)}, not {', '.join(declared)}"]
    found = []
    for column in dump["columns"]:
        name, kind = column["name"], column["type"]
        reader_type, values = read[name]
        if reader_type not in TYPES[kind]:
            found.append(f"{name} is of the type {reader_type}, not {kind}")
        if len(values) != dump["rows"]:
            found.append(f"{name} has {len(values)} rows, not {dump['rows']}")
        elif (nulls := sum(value is None for value in values)) != dump["nulls"][name]:
            found.append(f"{name} has {nulls} nulls, not {dump['nulls'][name]}")
        elif "sha256" in dump:
            if digest(kind, values) != dump["sha256"][name]:
                found.append(f"{name} has other values")
        else:
            ours = dump["values"][name]
            theirs = [bits(value) for value in values] if kind in ("f32", "f64") else values
            unequal = [row for row, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1] or type(pair[0]) is not type(pair[1])]
            if unequal:
                row = unequal[0]
                found.append(f"{name} differs in {len(unequal)} rows, first in row {row}: {theirs[row]!r}, not {ours[row]!r}")
    return found


def described(dump: dict[str, Any], file: str) -> list[str]:
    """What a file does not say of its columns, as pyarrow reads its schema."""
    schema = pyarrow.ipc.open_file(file).schema
    found = [] if (schema.metadata or {}).get(b"table") == dump["table"].encode() else ["the table's name is not in the file"]
    for column in dump["columns"]:
        field = schema.field(column["name"])
        wanted = {"description": column["description"], "unit": column["unit"]}
        metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        if metadata != {key: value for key, value in wanted.items() if value is not None}:
            found.append(f"{field.name} is described as {metadata}")
        if field.nullable != column["nullable"]:
            found.append(f"{field.name} is {'' if field.nullable else 'not '}nullable")
    return found


def check(dump: dict[str, Any], file: str) -> dict[str, list[str]]:
    """What is wrong with a file, by who looked at it."""
    found = {"descriptions": described(dump, file)}
    for name, read in READERS.items():
        try:
            found[name] = differences(dump, read(file))
        except Exception as error:  # a reader that refuses a file is a finding, not a crash
            found[name] = [f"{type(error).__name__}: {error}"]
    return found


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    dumps = [json.loads(line) for line in sys.stdin]
    there = {file.name for file in folder.glob("*.arrow")}
    results = {file: {"dump": ["the dump does not speak of it"]} for file in sorted(there - {dump["file"] for dump in dumps})}
    if not there:
        results[str(folder)] = {"folder": ["it holds no Arrow files"]}
    with tempfile.TemporaryDirectory() as own:
        for dump in dumps:
            file = folder / dump["file"]
            if "bytes" in dump:
                file = Path(own) / dump["file"]
                file.write_bytes(base64.b64decode(dump["bytes"]))
            results[dump["file"]] = check(dump, str(file))
            print(f"{dump['file']}: {dump['rows']} rows, {sum(dump['nulls'].values())} nulls")
    failures = [(file, name, found) for file, result in results.items() for name, found in result.items() if found]
    for file, name, found in failures:
        print(f"FAILED {file}, {name}: {'; '.join(found)}")
    print(f"pyarrow {pyarrow.__version__}, polars {polars.__version__}, DuckDB {duckdb.__version__} (on the table that pyarrow opened)")
    print(f"readers: {sum(map(len, results.values())) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
