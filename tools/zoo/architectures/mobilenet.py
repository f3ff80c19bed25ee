"""Inverted residuals with depthwise convolutions: MobileNetV2 (Sandler et al. 2018) and, with squeeze-and-excitation, EfficientNet (Tan & Le 2019)."""

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import ConvBatchNorm, SqueezeExcite


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int, squeeze: bool) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.residual = inputs == outputs and stride == 1
        self.activation = F.silu if squeeze else F.relu6
        self.expand = ConvBatchNorm(inputs, hidden, 1)
        self.depthwise = ConvBatchNorm(hidden, hidden, 3, stride, groups=hidden)
        self.gate = SqueezeExcite(hidden, max(inputs // 4, 4)) if squeeze else nn.Identity()
        self.project = ConvBatchNorm(hidden, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.gate(self.activation(self.depthwise(self.activation(self.expand(x)))))
        return self.project(y) + x if self.residual else self.project(y)


class MobileNet(nn.Module):
    """Images [n, channels, height, width] → logits [n, classes]; each stage begins with its stride, the stem with `stem_stride`."""

    def __init__(
        self,
        stem: int,
        widths: tuple[int, ...],
        blocks: tuple[int, ...],
        strides: tuple[int, ...],
        head: int,
        expansion: int = 4,
        squeeze: bool = False,
        stem_stride: int = 1,
        channels: int = 1,
        classes: int = 10,
    ) -> None:
        super().__init__()
        self.activation = F.silu if squeeze else F.relu6
        self.stem = ConvBatchNorm(channels, stem, 3, stem_stride)
        self.stages = [f"stage{number + 1}" for number in range(len(widths))]
        inputs = stem
        for index, name in enumerate(self.stages):
            members = OrderedDict()
            for position in range(blocks[index]):
                stride = strides[index] if position == 0 else 1
                members[f"block{position}"] = Block(inputs, widths[index], stride, expansion, squeeze)
                inputs = widths[index]
            self.add_module(name, nn.Sequential(members))
        self.head = ConvBatchNorm(inputs, head, 1)
        self.fc = nn.Linear(head, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(self.stem(x))
        for name in self.stages:
            x = self.get_submodule(name)(x)
        return self.fc(self.activation(self.head(x)).mean((2, 3)))
