"""Residual bottlenecks with grouped convolutions (Xie et al. 2017)."""

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import ConvBatchNorm


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, groups: int) -> None:
        super().__init__()
        hidden = outputs // 2
        self.conv1 = ConvBatchNorm(inputs, hidden, 1)
        self.conv2 = ConvBatchNorm(hidden, hidden, 3, stride, groups)
        self.conv3 = ConvBatchNorm(hidden, outputs, 1)
        self.shortcut = nn.Identity() if inputs == outputs and stride == 1 else ConvBatchNorm(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv3(F.relu(self.conv2(F.relu(self.conv1(x))))) + self.shortcut(x))


class ResNeXt(nn.Module):
    """Images [n, channels, height, width] → logits [n, classes]; `blocks` bottlenecks a stage, a stage for each of `widths`."""

    def __init__(
        self, stem: int, widths: tuple[int, ...], blocks: int, groups: int, stem_stride: int = 1, channels: int = 1, classes: int = 10
    ) -> None:
        super().__init__()
        self.stem = ConvBatchNorm(channels, stem, 3, stem_stride)
        self.stages = [f"stage{number}" for number in range(1, len(widths) + 1)]
        inputs = stem
        for name, outputs in zip(self.stages, widths):
            members = OrderedDict()
            for index in range(blocks):
                members[f"block{index}"] = Block(inputs, outputs, 2 if index == 0 and name != "stage1" else 1, groups)
                inputs = outputs
            self.add_module(name, nn.Sequential(members))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        for name in self.stages:
            x = self.get_submodule(name)(x)
        return self.fc(x.mean((2, 3)))
