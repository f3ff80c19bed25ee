"""Residual networks of the CIFAR kind (He et al. 2016, section 4.2), with 1×1 convolutions where a shortcut changes shape."""

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import ConvBatchNorm, ConvBatchNorm1d


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, convolution: type[ConvBatchNorm | ConvBatchNorm1d]) -> None:
        super().__init__()
        self.conv1 = convolution(inputs, outputs, 3, stride)
        self.conv2 = convolution(outputs, outputs, 3)
        self.shortcut = nn.Identity() if inputs == outputs and stride == 1 else convolution(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.shortcut(x))


def add_stages(
    network: nn.Module, widths: tuple[int, ...], blocks: int, convolution: type[ConvBatchNorm | ConvBatchNorm1d]
) -> list[str]:
    """Gives the network a stage for each of `widths`, and returns their names; the first is fed with `widths[0]` channels.

    Each has `blocks` residual blocks; from the second on, a stage halves the axes.
    """
    inputs = widths[0]
    stages = [f"stage{number}" for number in range(1, len(widths) + 1)]
    for stage, outputs in zip(stages, widths):
        members = OrderedDict()
        for index in range(blocks):
            members[f"block{index}"] = Block(inputs, outputs, 2 if index == 0 and stage != "stage1" else 1, convolution)
            inputs = outputs
        network.add_module(stage, nn.Sequential(members))
    return stages


class ResNet(nn.Module):
    """Images [n, channels, height, width] → logits [n, classes]; `blocks` residual blocks a stage, a stage for each of `widths`."""

    def __init__(self, widths: tuple[int, ...], blocks: int, stem_stride: int = 1, channels: int = 1, classes: int = 10) -> None:
        super().__init__()
        self.stem = ConvBatchNorm(channels, widths[0], 3, stem_stride)
        self.stages = add_stages(self, widths, blocks, ConvBatchNorm)
        self.fc = nn.Linear(widths[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        for stage in self.stages:
            x = self.get_submodule(stage)(x)
        return self.fc(x.mean((2, 3)))
