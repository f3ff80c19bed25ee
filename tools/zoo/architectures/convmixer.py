"""ConvMixer (Trockman & Kolter 2022), with the normalisation before the activation, so that it folds."""

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import ConvBatchNorm


class Block(nn.Module):
    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.depthwise = ConvBatchNorm(width, width, kernel, groups=width)
        self.pointwise = ConvBatchNorm(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.pointwise(x + F.relu(self.depthwise(x))))


class ConvMixer(nn.Module):
    """Images [n, channels, height, width] → logits [n, classes]; patches of `patch`×`patch` pixels, then `depth` blocks of one width."""

    def __init__(self, width: int, depth: int, kernel: int, patch: int, channels: int = 1, classes: int = 10) -> None:
        super().__init__()
        self.patches = nn.Conv2d(channels, width, patch, patch)
        self.blocks = nn.Sequential(OrderedDict((f"block{index}", Block(width, kernel)) for index in range(depth)))
        self.fc = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.blocks(F.relu(self.patches(x))).mean((2, 3)))
