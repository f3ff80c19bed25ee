"""Batch normalisation folded into the convolution before it, as deployed networks have it."""

import copy

import torch
from torch import nn

from architectures.blocks import ConvBatchNorm


def folded(network: nn.Module) -> nn.Module:
    """A copy for inference in which every ConvBatchNorm is one convolution with bias under the same name."""
    network = copy.deepcopy(network).eval()
    return _fold(network)


def _fold(module: nn.Module) -> nn.Module:
    if isinstance(module, ConvBatchNorm):
        return torch.nn.utils.fusion.fuse_conv_bn_eval(module.conv, module.norm)
    for name, child in module.named_children():
        setattr(module, name, _fold(child))
    return module
