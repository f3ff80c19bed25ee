"""Batch normalisation folded into the convolution before it, as deployed networks have it."""

import copy

import torch
from torch import nn

from architectures.blocks import ConvBatchNorm, ConvBatchNorm1d, TokenLinear
from recipes import Recipe


def deployed(recipe: Recipe, network: nn.Module) -> nn.Module:
    """The network as its ONNX file has it: for inference, and folded where the recipe says so."""
    return folded(network) if recipe.fold else network.eval()


def folded(network: nn.Module) -> nn.Module:
    """A copy for inference in which every ConvBatchNorm and ConvBatchNorm1d is one convolution with bias under the same name."""
    network = copy.deepcopy(network).eval()
    return _fold(network)


def rewound(network: nn.Module, initial: nn.Module) -> nn.Module:
    """A copy of the network in which every convolution and linear map has its weight of before training; all else stays as trained.

    Folded, it holds what a layer's weight is rewound to: the initial filter under the trained normalisation.
    """
    network = copy.deepcopy(network).eval()
    weights = dict(weight_tensors(initial))
    with torch.no_grad():
        for name, weight in weight_tensors(network):
            weight.copy_(weights[name])
    return network


def weight_tensors(network: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """The weights of all convolutions and linear maps, by name."""
    kinds = nn.Conv1d | nn.Conv2d | nn.Linear | TokenLinear
    layers = ((name, module) for name, module in network.named_modules() if isinstance(module, kinds))
    return [(f"{name}.weight", module.weight) for name, module in layers]


def _fold(module: nn.Module) -> nn.Module:
    if isinstance(module, ConvBatchNorm | ConvBatchNorm1d):
        return torch.nn.utils.fusion.fuse_conv_bn_eval(module.conv, module.norm)
    for name, child in module.named_children():
        setattr(module, name, _fold(child))
    return module
