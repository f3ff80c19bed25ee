"""The layers of the zoo's networks as PyTorch sees them, counted by hooks while one image passes; no ONNX graph is read.

python tools/reference/zoo_layers.py    writes packages/onnx/test/fixtures/zoo-layers.json
"""

import json
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools/zoo"))

from fold import folded
from recipes import RECIPES


def multiply_accumulates(module: nn.Conv2d | nn.Linear, output: Tensor) -> int:
    """Of one image, without the bias: each output value is a sum over one filter (or row) of the weight."""
    return output[0].numel() * module.weight[0].numel()


def layers(network: nn.Module, example: Tensor) -> list[dict]:
    """An entry a weight, in the order in which the network uses them; shapes are those of one image."""
    found: list[dict] = []

    def record(name: str):
        def hook(module: nn.Conv2d | nn.Linear, inputs: tuple[Tensor], output: Tensor) -> None:
            found.append(
                {
                    "name": f"{name}.weight",
                    "weightShape": list(module.weight.shape),
                    "parameters": module.weight.numel(),
                    "macs": multiply_accumulates(module, output),
                    "inputShape": list(inputs[0].shape[1:]),
                    "outputShape": list(output.shape[1:]),
                }
            )

        return hook

    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(record(name))
    with torch.no_grad():
        network(example)
    return found


counted = {recipe.name: layers(folded(recipe.network()), torch.zeros(1, 1, 28, 28)) for recipe in RECIPES}
path = ROOT / "packages/onnx/test/fixtures/zoo-layers.json"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(counted, indent=1) + "\n")
