"""Probes on networks of the zoo under magnitude pruning, by PyTorch and numpy in float64. No code of the project takes part.

python tools/reference/probe_criteria.py    writes packages/bench/test/fixtures/probe-criteria.json
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from gradients import MODELS, drawn, layers_of
from onnx_torch import Network
from streams import Stream

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "packages/bench/test/fixtures/probe-criteria.json"
EXAMPLES = 12
LABELS = np.arange(EXAMPLES) * 3 % 10
FRACTION = 0.9


def pruned(weight: torch.Tensor) -> torch.Tensor:
    flat = weight.numpy().astype(np.float32).ravel()
    order = np.argsort(np.abs(flat), kind="stable")
    flat[order[: int(np.floor(FRACTION * len(flat) + 0.5))]] = 0
    return torch.from_numpy(flat.reshape(weight.shape)).double()


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def divergences(clean: np.ndarray, moved: np.ndarray) -> np.ndarray:
    p, q = log_softmax(clean), log_softmax(moved)
    return (np.exp(p) * (p - q)).sum(1)


def probes(clean: np.ndarray, moved: np.ndarray) -> dict[str, float]:
    rows = np.arange(EXAMPLES)
    p, q = log_softmax(clean), log_softmax(moved)
    before, after = clean.argmax(1), moved.argmax(1)
    kl = divergences(clean, moved)
    return {
        "bounded-kl": float((1 - np.exp(-kl)).mean()),
        "expected-drop": float((np.exp(p[rows, before]) - np.exp(p[rows, after])).mean()),
        "flip-rate": float((before != after).mean()),
        "loss-delta": float((p - q)[rows, LABELS].mean()),
        "output-kl": float(kl.mean()),
        "output-mse": float(((moved - clean) ** 2).mean()),
        "single-sample-sweep": float((before == LABELS).mean() - (after == LABELS).mean()),
    }


def kl_gradients(network: Network, layers: list[str], images: torch.Tensor, clean: torch.Tensor) -> list[float]:
    moved = {layer: pruned(network.stored[layer]).requires_grad_() for layer in layers}
    logits = network.compute(images, moved)
    divergence = F.kl_div(F.log_softmax(logits, 1), F.log_softmax(clean, 1), log_target=True, reduction="batchmean")
    gradients = torch.autograd.grad(divergence, list(moved.values()))
    return [float((g * (moved[layer].detach() - network.stored[layer])).sum()) for layer, g in zip(layers, gradients)]


def reference(name: str) -> dict[str, object]:
    data = (MODELS / f"{name}.onnx").read_bytes()
    network = Network(data)
    network.stored = {key: value.double() if value.is_floating_point() else value for key, value in network.stored.items()}
    shape = [EXAMPLES, 1, 28, 28]
    normals = Stream("loadbearing/v1", "noise", hashlib.sha256(data).hexdigest()).normals(int(np.prod(shape)))
    noise = torch.from_numpy(normals.astype(np.float32).reshape(shape)).double()
    images = drawn(1, shape)
    clean, clean_noise = network.run(images).numpy(), network.run(noise).numpy()
    layers = [layer for layer, _, _ in layers_of(network)]
    scores = []
    for layer in layers:
        own = network.stored[layer]
        network.stored[layer] = pruned(own)
        its = probes(clean, network.run(images).numpy())
        its["zeroq-random"] = float(divergences(clean_noise, network.run(noise).numpy()).mean())
        scores.append(its)
        network.stored[layer] = own
    slopes = kl_gradients(network, layers, images, torch.from_numpy(clean))
    for its, slope in zip(scores, slopes):
        its["kl-gradient"] = slope
    return {"model": name, "layers": layers, **{probe: [its[probe] for its in scores] for probe in scores[0]}}


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps([reference("lenet-fashion"), reference("resnet8-fashion")], indent=1) + "\n")
