"""A LeNet-like network (LeCun et al. 1998): three convolutions with max pooling, two fully connected layers."""

from torch import Tensor, nn
from torch.nn import functional as F


class LeNet(nn.Module):
    """Images [n, 1, 28, 28] → logits [n, classes]."""

    def __init__(self, widths: tuple[int, int, int], hidden: int, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, widths[0], 5, padding=2)
        self.conv2 = nn.Conv2d(widths[0], widths[1], 5)
        self.conv3 = nn.Conv2d(widths[1], widths[2], 3)
        self.fc1 = nn.Linear(widths[2] * 3 * 3, hidden)
        self.fc2 = nn.Linear(hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.conv3(x)).flatten(1)
        return self.fc2(F.relu(self.fc1(x)))
