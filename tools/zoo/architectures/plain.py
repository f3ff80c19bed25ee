"""Deep convolutional networks without shortcuts: VGG (Simonyan & Zisserman 2015) with batch normalisation, and strided ones."""

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import ConvBatchNorm


def stage(inputs: int, outputs: int, convolutions: int, stride: int) -> nn.Sequential:
    members = OrderedDict()
    for index in range(convolutions):
        members[f"conv{index}"] = ConvBatchNorm(inputs if index == 0 else outputs, outputs, 3, stride if index == 0 else 1)
        members[f"relu{index}"] = nn.ReLU()
    return nn.Sequential(members)


class VGG(nn.Module):
    """Images [n, channels, height, width] → logits [n, classes]; each stage ends in 2×2 max pooling, then fully connected layers.

    `hidden` fully connected layers follow on the last stage's mean over its positions.
    """

    def __init__(
        self, widths: tuple[int, ...], convolutions: tuple[int, ...], hidden: tuple[int, ...], channels: int = 1, classes: int = 10
    ) -> None:
        super().__init__()
        inputs = [channels, *widths]
        self.stages = [f"stage{number + 1}" for number in range(len(widths))]
        for index, name in enumerate(self.stages):
            self.add_module(name, stage(inputs[index], widths[index], convolutions[index], 1))
        sizes = [widths[-1], *hidden]
        self.hidden = nn.Sequential(OrderedDict((f"fc{i + 1}", nn.Linear(sizes[i], sizes[i + 1])) for i in range(len(hidden))))
        self.out = nn.Linear(sizes[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        for index, name in enumerate(self.stages):
            x = self.get_submodule(name)(x if index == 0 else F.max_pool2d(x, 2))
        x = x.mean((2, 3))
        for layer in self.hidden:
            x = F.relu(layer(x))
        return self.out(x)


class Plain(nn.Module):
    """Images [n, channels, height, width] → logits [n, classes]; each stage begins with its stride."""

    def __init__(
        self, widths: tuple[int, ...], convolutions: int, strides: tuple[int, ...], channels: int = 1, classes: int = 10
    ) -> None:
        super().__init__()
        inputs = [channels, *widths]
        self.stages = [f"stage{number + 1}" for number in range(len(widths))]
        for index, name in enumerate(self.stages):
            self.add_module(name, stage(inputs[index], widths[index], convolutions, strides[index]))
        self.fc = nn.Linear(widths[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        for name in self.stages:
            x = self.get_submodule(name)(x)
        return self.fc(x.mean((2, 3)))
