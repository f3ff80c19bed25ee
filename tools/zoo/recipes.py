"""Every network of the zoo, whole: what is not written here does not influence a training."""

from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from architectures import ARCHITECTURES
from datasets import Dataset


@dataclass(frozen=True)
class Pruning:
    """The smallest weights of all layers together are set to zero once, and stay zero while the training goes on."""

    fraction: float
    """Of the weights of all convolutions and linear maps."""
    after: int
    """Epochs of training before it; all that follow are fine-tuning."""


@dataclass(frozen=True)
class Recipe:
    name: str
    title: str
    family: str
    """Architecture family: what aggregates treat as one kind of network."""
    architecture: str
    """A key of ARCHITECTURES."""
    arguments: dict[str, Any]
    """What the architecture's class is given: widths, depths."""
    data: Dataset = "fashion-mnist"
    epochs: int = 15
    batch_size: int = 128
    optimizer: Literal["sgd", "adamw"] = "sgd"
    """adamw: betas .9 and .999, weight decay on tensors of two and more axes only; momentum and nesterov have no meaning."""
    learning_rate: float = 0.1
    """Peak of a one-cycle schedule: linear warm-up over `warmup` of the steps, then linear to zero."""
    warmup: float = 0.2
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    label_smoothing: float = 0.0
    augmentation: Literal["none", "flip", "flip-shift", "strong"] = "flip-shift"
    """flip: left to right with probability ½; shift: by −2…2 pixels each way, zero-padded; strong: flipped, shifted by −4…4
    pixels, contrast times .6…1.4, a square of 10×10 pixels erased."""
    seed: int = 1
    fold: bool = True
    """Whether batch normalisation is folded into the convolution before it, where one stands there."""
    pruning: Pruning | None = None
    channels_last: bool = False
    """The order of values in memory: another order of summation, so other last bits."""

    def network(self) -> nn.Module:
        """The network, freshly initialised from torch's global random state."""
        return ARCHITECTURES[self.architecture](**self.arguments)


RECIPES = [
    Recipe(
        name="lenet-fashion",
        title="LeNet-like CNN",
        family="lenet",
        architecture="lenet",
        arguments={"widths": (16, 32, 48), "hidden": 64},
        epochs=15,
        learning_rate=0.05,
    ),
    Recipe(
        name="resnet8-fashion",
        title="ResNet-8",
        family="resnet",
        architecture="resnet",
        arguments={"widths": (16, 32, 64), "blocks": 1},
        epochs=10,
    ),
    Recipe(
        name="resnet20-narrow-fashion",
        title="ResNet-20, narrow",
        family="resnet",
        architecture="resnet",
        arguments={"widths": (8, 16, 32), "blocks": 3},
        epochs=12,
    ),
]
