"""Criteria of activations on a network of the zoo, by PyTorch and numpy in float64. No code of the project takes part.

python tools/reference/activation_criteria.py    writes packages/bench/test/fixtures/activation-criteria.json
"""

import json
from pathlib import Path

import numpy as np
import torch

from gradients import MODELS, drawn, layers_of
from onnx_torch import Network

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "packages/bench/test/fixtures/activation-criteria.json"
EXAMPLES = 12
BINS = 32


def entropy(shares: np.ndarray) -> float:
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


def effective_rank(made: np.ndarray) -> float:
    rows = np.moveaxis(made, 1, -1).reshape(-1, made.shape[1])
    values = np.linalg.svd(rows, compute_uv=False)
    return float(np.exp(entropy(values / values.sum())))


def channel_entropy(made: np.ndarray) -> float:
    pooled = made.reshape(*made.shape[:2], -1).mean(2)
    return float(np.mean([entropy(np.histogram(channel, BINS)[0] / len(channel)) for channel in pooled.T]))


def cka(reads: np.ndarray, made: np.ndarray) -> float:
    x, y = (flat - flat.mean(0) for flat in (of.reshape(len(of), -1) for of in (reads, made)))
    return float(np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))


def block_influence(reads: np.ndarray, made: np.ndarray) -> float | None:
    if reads.shape != made.shape:
        return None
    x, y = (np.moveaxis(of, 1, -1).reshape(-1, of.shape[1]) for of in (reads, made))
    sizes = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    kept = sizes > 0
    return float(1 - ((x * y).sum(1)[kept] / sizes[kept]).mean())


def hsic(made: np.ndarray, labels: np.ndarray) -> float:
    rows, count = made.reshape(len(made), -1), len(made)
    distances = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    width = np.median(distances[np.tril_indices(count, -1)])
    k, h = np.exp(-(distances**2) / (2 * width**2)), np.eye(count) - 1 / count
    same = (labels[:, None] == labels[None]).astype(float)
    return float(np.trace(k @ h @ same @ h) / (count - 1) ** 2)


def reference(name: str) -> dict[str, object]:
    network = Network((MODELS / f"{name}.onnx").read_bytes())
    network.stored = {key: value.double() if value.is_floating_point() else value for key, value in network.stored.items()}
    layers = layers_of(network)
    seen = {network.input: drawn(1, [EXAMPLES, 1, 28, 28])}
    names = {name for _, *both in layers for name in both}
    network.run(seen[network.input], change={name: lambda made, name=name: seen.setdefault(name, made) for name in names})
    reads, makes = ([seen[layer[side]].numpy() for layer in layers] for side in (1, 2))
    largest = [np.abs(made.reshape(EXAMPLES, -1)).max(1).mean() for made in makes]
    return {
        "model": name,
        "layers": [layer for layer, _, _ in layers],
        "activation-effective-rank": [effective_rank(made) for made in makes],
        "activation-entropy": [channel_entropy(made) for made in makes],
        "activation-range": [float(top / np.sqrt((made**2).mean())) for top, made in zip(largest, makes)],
        "apoz": [float(1 - (np.maximum(made, 0) == 0).mean()) for made in makes],
        "block-influence": [block_influence(read, made) for read, made in zip(reads, makes)],
        "hsic": [hsic(made, np.arange(EXAMPLES) * 3 % 10) for made in makes],
        "cka-with-input": [1 - cka(read, made) for read, made in zip(reads, makes)],
    }


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps([reference("lenet-fashion"), reference("resnet8-fashion")], indent=1) + "\n")
