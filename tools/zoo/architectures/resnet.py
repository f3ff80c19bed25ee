"""Residual networks of the CIFAR kind (He et al. 2016, section 4.2), with 1×1 convolutions where a shortcut changes shape."""

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
    def __init__(self, widths: tuple[int, ...], blocks: int, channels: int = 1, classes: int = 10) -> None:
        super().__init__()
        self.stem = ConvBatchNorm(channels, widths[0], 3)
        stages = []
        inputs = widths[0]
        for index, outputs in enumerate(widths):
            stage = []
            for block in range(blocks):
                stage.append(Block(inputs, outputs, 2 if block == 0 and index > 0 else 1))
                inputs = outputs
            stages.append(nn.Sequential(*stage))
        self.stages = nn.Sequential(*stages)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stages(F.relu(self.stem(x)))
        return self.fc(x.mean((2, 3)))
