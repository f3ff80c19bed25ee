"""Criteria of the weights on networks of the zoo, by numpy and scipy in float64. No code of the project takes part.

python tools/reference/weight_criteria.py    writes packages/bench/test/fixtures/weight-criteria.json
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from scipy.spatial.distance import cdist
from scipy.stats import entropy, kurtosis

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "packages/zoo/models"
FIXTURE = ROOT / "packages/bench/test/fixtures/weight-criteria.json"


def matrices(name: str) -> dict[str, np.ndarray]:
    """The weights of the layers, in order, with a row an output."""
    graph = onnx.load(MODELS / f"{name}.onnx").graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {}
    for node in graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Conv":
            assert attributes.get("group", 1) == 1
            found[node.input[1]] = stored[node.input[1]].reshape(len(stored[node.input[1]]), -1)
        elif node.op_type == "Gemm":
            found[node.input[1]] = stored[node.input[1]] if attributes.get("transB") else stored[node.input[1]].T
    return found


def rounded(matrix: np.ndarray) -> np.ndarray:
    """To whole multiples of a seventh of the largest magnitude: the perturbation that sqnr is held to."""
    step = np.abs(matrix).max().astype(np.float64) / 7
    return (np.floor(matrix / step + 0.5) * step).astype(np.float32)


def scores(weight: np.ndarray) -> dict[str, float]:
    matrix = weight.astype(np.float64)
    values = np.linalg.svd(matrix, compute_uv=False)
    distances = cdist(matrix, matrix)
    error = rounded(weight) - matrix
    return {
        "max-magnitude": np.linalg.norm(matrix.ravel(), np.inf),
        "spectral-norm": np.linalg.norm(matrix, 2),
        "stable-rank": (np.linalg.norm(matrix, "fro") / np.linalg.norm(matrix, 2)) ** 2,
        "effective-rank": np.exp(entropy(values)),
        "condition-number": min(np.linalg.cond(matrix), 2**23),
        "kurtosis": kurtosis(matrix.ravel(), fisher=False),
        "sparsity-at-threshold": 1 - np.mean(np.abs(matrix) <= matrix.std()),
        "filter-distance": distances.mean(),
        "filter-distance-sum": distances.sum(),
        "sqnr": -10 * np.log10((matrix**2).mean() / (error**2).mean()),
    }


def reference(name: str) -> dict[str, object]:
    by_layer = {layer: scores(matrix) for layer, matrix in matrices(name).items()}
    criteria = next(iter(by_layer.values()))
    return {
        "model": name,
        "layers": list(by_layer),
        "scores": {criterion: [float(its[criterion]) for its in by_layer.values()] for criterion in criteria},
    }


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps([reference("lenet-fashion"), reference("resnet8-fashion")], indent=1) + "\n")
