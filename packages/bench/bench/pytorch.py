"""Runs a network in PyTorch, one thread, for the benchmarks: eager, and as strong as it gets (channels_last, compiled by inductor).

Reads one JSON object a line, answers with one; pytorch.ts is the other side. Tensors are base64 of float32. What is timed is the run alone:
images are split and laid out before, compilation happens on the first run of a batch size, which nobody times.

What was tried for strong and won nothing more: inductor's freezing of all weights but the perturbed one, its max_autotune, and an allocator
that keeps its pages.
"""

import base64
import json
import os
import sys
import time
from pathlib import Path
from statistics import median

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[3] / "tools/reference"))

try:
    import numpy as np
    import torch
    from onnx_torch import OPERATORS, Network
except ImportError as missing:
    print(json.dumps({"missing": missing.name}), flush=True)
    sys.exit()

TRIALS = 7


def decoded(message: dict) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(base64.b64decode(message["data"]), "<f4").reshape(message["shape"]).copy())


def laid_out(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


class Eager:
    def __init__(self, network: Network) -> None:
        self.network = network

    def take(self, images: torch.Tensor, batch: int) -> None:
        self.pieces = images.split(batch)

    def run(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.network.run(piece, {name: weight}) for piece in self.pieces])


class Strong:
    """The batch normalisation of the networks is folded in their files."""

    def __init__(self, network: Network) -> None:
        self.stored = {name: laid_out(tensor) for name, tensor in network.stored.items()}
        steps = [(OPERATORS[n.op_type], [i for i in n.input if i], n.output[0], dict(a)) for n, a in network.nodes]

        def forward(images: torch.Tensor, weights: dict[str, torch.Tensor]) -> torch.Tensor:
            values = {**weights, network.input: images}
            for operator, inputs, output, attributes in steps:
                values[output] = operator([values[i] for i in inputs], attributes)
            return values[network.output]

        self.forward = torch.compile(forward, dynamic=False, fullgraph=True)

    def take(self, images: torch.Tensor, batch: int) -> None:
        self.pieces = [laid_out(piece) for piece in images.split(batch)]

    def run(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        weights = {**self.stored, name: laid_out(weight)}
        return torch.cat([self.forward(piece, weights) for piece in self.pieces])


def best_batch(way: Eager | Strong, images: torch.Tensor, name: str, weight: torch.Tensor, sizes: list[int]) -> int:
    """Sizes take turns, behind a run that compiles and allocates; the median decides."""
    spent: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(1 + TRIALS):
        for size in sizes:
            way.take(images, size)
            started = time.process_time()
            way.run(name, weight)
            spent[size].append(time.process_time() - started)
    return min(sizes, key=lambda size: median(spent[size][1:]))


def serve() -> None:
    ways: dict[str, Eager | Strong] = {}
    batches: dict[str, int] = {}
    for line in sys.stdin:
        message = json.loads(line)
        match message["do"]:
            case "load":
                # All is compiled here: what is compiled again under the clock, or falls back to eager, is an error.
                torch._dynamo.reset()
                torch._dynamo.config.error_on_recompile = False
                network = Network(base64.b64decode(message["model"]))
                ways = {"eager": Eager(network), "strong": Strong(network)}
                images, (name, weight) = decoded(message), next(iter(network.stored.items()))
                batches = {way: best_batch(runs, images, name, weight, message["sizes"]) for way, runs in ways.items()}
                torch._dynamo.config.error_on_recompile = True
                answer = {"batches": batches}
            case "take":
                images = decoded(message)
                for way, runs in ways.items():
                    runs.take(images, batches[way])
                answer = {}
            case "run":
                weight = decoded(message)
                processor, wall = time.process_time(), time.perf_counter()
                logits = ways[message["way"]].run(message["layer"], weight)
                spent = {"cpu": time.process_time() - processor, "wall": time.perf_counter() - wall}
                answer = {"spent": spent, "logits": base64.b64encode(logits.numpy().tobytes()).decode()}
        print(json.dumps(answer), flush=True)


torch.set_num_threads(1)
print(json.dumps({"version": torch.__version__.split("+")[0]}), flush=True)
with torch.inference_mode():
    serve()
