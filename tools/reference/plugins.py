"""Known answers of plugins, computed with numpy: python tools/reference/plugins.py"""

import json
from pathlib import Path

import numpy as np

PACKAGES = Path(__file__).parents[2] / "packages"
random = np.random.default_rng(7)


def write(package: str, name: str, content: dict) -> None:
    path = PACKAGES / package / "test/fixtures" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content) + "\n")


def uniform_quantization() -> None:
    weights = random.normal(0, 0.1, 200).astype(np.float32)
    cases = []
    for levels in (255, 15, 11, 7, 5, 3):
        half = (levels - 1) // 2
        step = np.float64(np.abs(weights).max()) / half
        indices = np.clip(np.rint(weights.astype(np.float64) / step), -half, half)
        cases.append({"levels": levels, "quantized": (indices * step).tolist()})
    write("perturbations-quantization", "uniform-quantization", {"weights": weights.tolist(), "cases": cases})


def lamp() -> None:
    weights = random.normal(0, 0.1, 300).astype(np.float32)
    squares = np.sort(weights.astype(np.float64) ** 2)
    scores = squares / np.cumsum(squares[::-1])[::-1]
    write("criteria-weights", "lamp", {"weights": weights.tolist(), "mean": scores.mean()})


uniform_quantization()
lamp()


# Layers by their operator: Conv [outputs, inputs / groups, h, w], ConvTranspose [inputs, outputs / groups, h, w], Gemm
# [outputs, inputs] or [inputs, outputs].
PRUNED_LAYERS = [
    {"op": "Conv", "weightShape": [6, 5, 3, 2], "outputAxis": 0, "inputAxis": 1, "groups": 1},
    {"op": "Conv", "weightShape": [8, 3, 2, 2], "outputAxis": 0, "inputAxis": 1, "groups": 2},
    {"op": "Conv", "weightShape": [6, 1, 3, 3], "outputAxis": 0, "inputAxis": 1, "groups": 6},
    {"op": "ConvTranspose", "weightShape": [6, 4, 2, 2], "outputAxis": 1, "inputAxis": 0, "groups": 3},
    {"op": "Gemm", "weightShape": [7, 10], "outputAxis": 0, "inputAxis": 1, "groups": 1},
    {"op": "Gemm", "weightShape": [10, 7], "outputAxis": 1, "inputAxis": 0, "groups": 1},
]


def by_group(weights: np.ndarray, layer: dict) -> np.ndarray:
    """A view [groups, outputs of a group, inputs of a group, kernel…] of the weights of a layer."""
    if layer["op"] == "Gemm":
        matrix = weights if layer["outputAxis"] == 0 else weights.T
        return matrix[np.newaxis, :, :, np.newaxis]
    first, *rest = weights.shape
    grouped = weights.reshape(layer["groups"], first // layer["groups"], *rest)
    return grouped if layer["op"] == "Conv" else grouped.swapaxes(1, 2)


def pruning(name: str, intensities: list, prune) -> None:
    """`prune` gets the view by group and sets weights of it to zero."""
    generator = np.random.default_rng(11)
    layers = []
    for layer in PRUNED_LAYERS:
        weights = generator.normal(0, 0.1, layer["weightShape"]).astype(np.float32)
        cases = []
        for intensity in intensities:
            pruned = weights.copy()
            prune(by_group(pruned, layer), intensity)
            cases.append({"intensity": intensity, "zeros": np.flatnonzero(pruned == 0).tolist()})
        layers.append({"layer": layer, "weights": weights.ravel().tolist(), "cases": cases})
    write("perturbations-pruning", name, {"layers": layers})


def rounded_share(fraction: float, count: int) -> int:
    return int(np.floor(fraction * count + 0.5))


def least_magnitudes(view: np.ndarray, fraction: float) -> None:
    count = rounded_share(fraction, view.size)
    if count:
        view[np.abs(view) <= np.sort(np.abs(view), axis=None)[count - 1]] = 0


def least_filters(view: np.ndarray, fraction: float) -> None:
    groups, outputs = view.shape[:2]
    norms = np.abs(view.astype(np.float64)).sum(axis=tuple(range(2, view.ndim)))
    for channel in norms.argsort(axis=None)[: rounded_share(fraction, groups * outputs)]:
        view[np.unravel_index(channel, norms.shape)] = 0


def least_input_channels(view: np.ndarray, fraction: float) -> None:
    least_filters(view.swapaxes(1, 2), fraction)


def two_of_every(view: np.ndarray, block: int) -> None:
    groups, outputs, inputs, *kernel = view.shape
    for group in range(groups):
        for output in range(outputs):
            row = np.moveaxis(view[group, output], 0, -1).ravel()
            for start in range(0, row.size, block):
                part = row[start : start + block]
                part[np.abs(part).argsort()[:-2]] = 0
            view[group, output] = np.moveaxis(row.reshape(*kernel, inputs), -1, 0)


def resets() -> None:
    generator = np.random.default_rng(13)
    weights = generator.normal(0.05, 0.1, 60).astype(np.float32)
    initial = generator.normal(0, 0.2, 60).astype(np.float32)
    mean = np.full(60, weights.astype(np.float64).mean())
    targets = {"zero-reset": np.zeros(60), "mean-reset": mean, "initial-reset": initial.astype(np.float64)}
    for name, target in targets.items():
        cases = [
            {"alpha": alpha, "reset": (weights + alpha * (target - weights.astype(np.float64))).tolist()}
            for alpha in (0.05, 0.15, 0.3, 0.5, 0.75, 1)
        ]
        content = {"weights": weights.tolist(), "initial": initial.tolist(), "cases": cases}
        write("perturbations-reset", name, content)


pruning("magnitude-pruning", [0.1, 0.5, 0.85], least_magnitudes)
pruning("filter-pruning", [0.1, 0.3, 0.7], least_filters)
pruning("channel-pruning", [0.1, 0.3, 0.7], least_input_channels)
pruning("semi-structured-pruning", [4, 8, 16, 64], two_of_every)
resets()
