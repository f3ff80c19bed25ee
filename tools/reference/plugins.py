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
