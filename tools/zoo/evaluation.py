"""How well a network does on images it has not trained on."""

import math

import torch
from torch import Tensor, nn


@torch.no_grad()
def predictions(network: nn.Module, images: Tensor) -> Tensor:
    """The class [n] of the largest logit of each image."""
    return torch.cat([network(chunk).argmax(1) for chunk in images.split(500)])


def wilson(correct: int, total: int) -> list[float]:
    """Low and high end of the 95 % interval of a share (Wilson 1927)."""
    z = 1.959964
    p = correct / total
    centre = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return [round(centre - half, 5), round(centre + half, 5)]
