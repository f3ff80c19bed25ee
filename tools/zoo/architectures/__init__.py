"""One file an architecture; a recipe picks one and gives it its arguments."""

from torch import nn

from .lenet import LeNet
from .resnet import ResNet

ARCHITECTURES: dict[str, type[nn.Module]] = {"lenet": LeNet, "resnet": ResNet}
