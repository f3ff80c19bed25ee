"""Residual networks of the CIFAR kind (He et al. 2016, section 4.2), with 1×1 convolutions where a shortcut changes shape."""

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import ConvBatchNorm


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = ConvBatchNorm(inputs, outputs, 3, stride)
        self.conv2 = ConvBatchNorm(outputs, outputs, 3)
        self.shortcut = nn.Identity() if inputs == outputs and stride == 1 else ConvBatchNorm(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.shortcut(x))


class ResNet(nn.Module):
    """Images [n, channels, height, width] → logits [n, classes]; `blocks` residual blocks a stage, a stage for each of `widths`."""

    def __init__(self, widths: tuple[int, ...], blocks: int, stem_stride: int = 1, channels: int = 1, classes: int = 10) -> None:
        super().__init__()
        self.stem = ConvBatchNorm(channels, widths[0], 3, stem_stride)
        inputs = widths[0]
        self.stages = [f"stage{number}" for number in range(1, len(widths) + 1)]
        for stage, outputs in zip(self.stages, widths):
            members = OrderedDict()
            for index in range(blocks):
                members[f"block{index}"] = Block(inputs, outputs, 2 if index == 0 and stage != "stage1" else 1)
                inputs = outputs
            self.add_module(stage, nn.Sequential(members))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        for stage in self.stages:
            x = self.get_submodule(stage)(x)
        return self.fc(x.mean((2, 3)))
