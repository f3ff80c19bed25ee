"""The layers of a network as PyTorch sees them, counted by hooks while one image passes; no ONNX graph is read."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from architectures.blocks import TokenLinear
from datasets import SHAPES
from fold import deployed, weight_tensors
from recipes import Recipe


@dataclass(frozen=True)
class LayerCount:
    name: str
    """Of its weight."""
    weight_shape: tuple[int, ...]
    parameters: int
    """In the weight, without the bias."""
    macs: int
    """Multiply-accumulates of one image, without the bias."""
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]


def count_layers(recipe: Recipe) -> list[LayerCount]:
    """The layers of the recipe's network as it is deployed, in the order in which it uses them; shapes are those of one image.

    Works on shapes alone: no value is computed and torch's random state stays as it is. Fails on a weight matrix that no hook has seen
    at work, and on a layer that is used twice.
    """
    found: list[LayerCount] = []

    def record(name: str):
        def hook(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
            weight, (image,) = module.weight, output
            macs = image.numel() * summands(module)
            found.append(LayerCount(name, tuple(weight.shape), weight.numel(), macs, tuple(inputs[0].shape[1:]), tuple(image.shape)))

        return hook

    with torch.device("meta"), torch.no_grad():
        network = deployed(recipe, recipe.network())
        for name, _ in weight_tensors(network):
            network.get_submodule(name.removesuffix(".weight")).register_forward_hook(record(name))
        network(torch.empty(1, *SHAPES[recipe.data]))
    matrices = sorted(name for name, tensor in network.named_parameters() if name.endswith("weight") and tensor.ndim > 1)
    if (counted := sorted(layer.name for layer in found)) != matrices:
        raise SystemExit(f"'{recipe.name}' has the weight matrices {matrices}, but {counted} were seen at work.")
    return found


def summands(module: nn.Module) -> int:
    """How many products make one output value: the numbers in one filter, or in one row or column of the matrix."""
    return module.weight.shape[0] if isinstance(module, TokenLinear) else module.weight[0].numel()

