"""Pre-activation residual networks (He et al. 2016b): nothing but additions on the way from stem to head."""

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import ConvBatchNorm


class Block(nn.Module):
    """The first normalisation stands before a convolution and stays; the second follows one and folds."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.conv1 = ConvBatchNorm(inputs, outputs, 3, stride)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        changes = inputs != outputs or stride != 1
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if changes else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm(x))
        return self.conv2(F.relu(self.conv1(y))) + self.shortcut(x)


class PreActResNet(nn.Module):
    """Images [n, channels, height, width] → logits [n, classes]; `blocks` residual blocks a stage, a stage for each of `widths`."""

    def __init__(self, widths: tuple[int, ...], blocks: int, stem_stride: int = 1, channels: int = 1, classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Conv2d(channels, widths[0], 3, stem_stride, padding=1, bias=False)
        self.stages = [f"stage{number}" for number in range(1, len(widths) + 1)]
        inputs = widths[0]
        for name, outputs in zip(self.stages, widths):
            members = OrderedDict()
            for index in range(blocks):
                members[f"block{index}"] = Block(inputs, outputs, 2 if index == 0 and name != "stage1" else 1)
                inputs = outputs
            self.add_module(name, nn.Sequential(members))
        self.norm = nn.BatchNorm2d(inputs)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for name in self.stages:
            x = self.get_submodule(name)(x)
        return self.fc(F.relu(self.norm(x)).mean((2, 3)))
