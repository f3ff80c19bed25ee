"""What several architectures are built from."""

from torch import Tensor, nn


class ConvBatchNorm(nn.Module):
    """A convolution without bias and its batch normalisation, which `fold` makes one convolution with bias."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))
