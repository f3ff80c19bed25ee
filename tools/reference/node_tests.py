"""The ONNX project's own tests of its operators, for those that packages/tfjs claims: one node, its inputs and what it must make, as the
PyPI package onnx makes them. No code of packages/tfjs takes part.

python tools/reference/node_tests.py    writes packages/tfjs/test/fixtures/node-tests.json.gz
"""

import base64
import gzip
import json
import re
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx import AttributeProto, helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "packages/tfjs/test/fixtures/node-tests.json.gz"
#: TensorFlow.js has three types of numbers; what is of 64 bits in these tests fits in 32.
TYPES = {
    np.dtype("float32"): "<f4",
    np.dtype("float64"): "<f4",
    np.dtype("int32"): "<i4",
    np.dtype("int64"): "<i4",
    np.dtype("bool"): "u1",
}


def claimed() -> set[str]:
    """The names in the maps of packages/tfjs/src/operators."""
    files = (ROOT / "packages/tfjs/src/operators").glob("*.ts")
    maps = [text.split(": Mappings = {")[1] for file in files if ": Mappings = {" in (text := file.read_text())]
    return {name for each in maps for name in re.findall(r"\b([A-Z]\w+):", each)}


#: Values of a tensor; beyond it, only operators have tests that have no smaller one.
LARGE = 2_000


class Unsuited(Exception):
    """Why a test says nothing here."""


def tensor(value: object) -> dict[str, object]:
    if isinstance(value, onnx.TensorProto):
        value = numpy_helper.to_array(value)
    if not isinstance(value, np.ndarray | np.generic):
        raise Unsuited("a sequence or an optional")
    array = np.asarray(value)
    if array.dtype not in TYPES:
        raise Unsuited(f"numbers of type {array.dtype}")
    if array.size == 0:
        raise Unsuited("empty tensors")
    stored = np.clip(array, -(2**31), 2**31 - 1) if array.dtype == np.int64 else array
    data = base64.b64encode(stored.astype(TYPES[array.dtype]).tobytes()).decode()
    return {"type": TYPES[array.dtype][-2:], "shape": list(array.shape), "data": data}


def attribute(each: AttributeProto) -> object:
    value = helper.get_attribute_value(each)
    if each.type == AttributeProto.TENSOR:
        return tensor(numpy_helper.to_array(value))
    if each.type == AttributeProto.STRING:
        return value.decode()
    if each.type in (AttributeProto.INT, AttributeProto.FLOAT):
        return value
    if each.type in (AttributeProto.INTS, AttributeProto.FLOATS):
        return list(value)
    raise Unsuited("graphs or texts")


def described(case) -> dict[str, object]:
    graph, [(inputs, outputs)] = case.model.graph, case.data_sets
    [node] = graph.node
    return {
        "name": case.name.removeprefix("test_"),
        "opset": case.model.opset_import[0].version,
        "op": node.op_type,
        "inputs": list(node.input),
        "outputs": list(node.output),
        "attributes": {each.name: attribute(each) for each in node.attribute},
        "given": {info.name: tensor(value) for info, value in zip(graph.input, inputs, strict=True)},
        "expected": {info.name: tensor(value) for info, value in zip(graph.output, outputs, strict=True)},
    }


def is_large(test: dict) -> bool:
    return any(np.prod(value["shape"]) > LARGE for value in [*test["given"].values(), *test["expected"].values()])


def main() -> None:
    warnings.simplefilter("ignore")
    tests, left = [], {}
    ops = claimed()
    for case in collect_testcases(None):
        nodes = case.model.graph.node
        # Others test an operator by what it is made of, or in training.
        if len(nodes) != 1 or nodes[0].op_type not in ops or nodes[0].domain or case.model.opset_import[0].domain:
            continue
        try:
            tests.append(described(case))
        except Unsuited as why:
            left.setdefault(str(why), []).append(case.name)
    small = {test["op"] for test in tests if not is_large(test)}
    tests = [test for test in tests if not is_large(test) or test["op"] not in small]
    tests.sort(key=lambda test: (test["op"], test["name"]))
    document = {"onnx": onnx.__version__, "tests": tests}
    FIXTURE.write_bytes(gzip.compress(json.dumps(document, separators=(",", ":")).encode(), 9, mtime=0))
    print(f"{len(tests)} tests; left out: " + ", ".join(f"{len(names)} for {why}" for why, names in left.items()))


if __name__ == "__main__":
    main()
