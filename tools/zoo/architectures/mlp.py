"""A multilayer perceptron: every pixel is an input, no structure of the image is used."""

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional as F


class MLP(nn.Module):
    """Images [n, channels, height, width] → logits [n, classes]; a fully connected layer with ReLU for each of `hidden`."""

    def __init__(self, inputs: int, hidden: tuple[int, ...], classes: int = 10) -> None:
        super().__init__()
        widths = [inputs, *hidden]
        self.hidden = nn.Sequential(OrderedDict((f"fc{i + 1}", nn.Linear(widths[i], widths[i + 1])) for i in range(len(hidden))))
        self.out = nn.Linear(widths[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        for layer in self.hidden:
            x = F.relu(layer(x))
        return self.out(x)
