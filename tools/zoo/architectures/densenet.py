"""DenseNet (Huang et al. 2017): every layer reads all layers before it. Its normalisations come before the convolutions and don't fold."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Layer(nn.Module):
    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.conv = nn.Conv2d(inputs, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.conv(F.relu(self.norm(x)))], 1)


class Transition(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.conv = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(self.conv(F.relu(self.norm(x))), 2)


class DenseNet(nn.Module):
    """Images [n, channels, height, width] → logits [n, classes]; `layers` in each block, halved channels between two blocks."""

    def __init__(self, growth: int, layers: tuple[int, ...], stem_stride: int = 1, channels: int = 1, classes: int = 10) -> None:
        super().__init__()
        width = 2 * growth
        self.stem = nn.Conv2d(channels, width, 3, stem_stride, padding=1, bias=False)
        parts = OrderedDict()
        for number, count in enumerate(layers, 1):
            for index in range(count):
                parts[f"block{number}_layer{index}"] = Layer(width, growth)
                width += growth
            if number < len(layers):
                parts[f"transition{number}"] = Transition(width, width // 2)
                width //= 2
        self.parts = nn.Sequential(parts)
        self.norm = nn.BatchNorm2d(width)
        self.fc = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.norm(self.parts(self.stem(x)))).mean((2, 3)))
