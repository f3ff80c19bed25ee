"""From bytes to what a network of the zoo is fed."""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Preprocessing:
    """An input value is (byte / scale − mean) / std, by channel."""

    scale: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    background: float
    """The input value with which augmentation fills what a shift uncovers."""


FASHION_MNIST = Preprocessing(scale=255, mean=(0.286,), std=(0.353,), background=-0.286 / 0.353)
CIFAR10 = Preprocessing(scale=255, mean=(0.4914, 0.4822, 0.4465), std=(0.247, 0.2435, 0.2616), background=0.0)
WORDS = Preprocessing(scale=1, mean=(0.0,), std=(1.0,), background=0.0)
"""Letter codes stay as they are."""


def normalised(images: np.ndarray, how: Preprocessing = FASHION_MNIST) -> torch.Tensor:
    """Bytes [n, height, width] of one channel or [n, channels, height, width] as float32 [n, channels, height, width]."""
    pixels = torch.from_numpy(images.copy()).float()
    if pixels.ndim == 3:
        pixels = pixels.unsqueeze(1)
    mean, std = (torch.tensor(values)[:, None, None] for values in (how.mean, how.std))
    return pixels.div_(how.scale).sub_(mean).div_(std)
