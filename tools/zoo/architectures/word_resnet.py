"""Residual networks along one axis (He et al. 2016, section 4.2): over the letters of a word instead of the pixels of an image."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import ConvBatchNorm1d
from .resnet import add_stages


class WordResNet(nn.Module):
    """Letter codes [n, 1, 1, length], 0 where there is no letter → logits [n, classes].

    `blocks` residual blocks a stage, a stage for each of `widths`; from the second on, a stage halves the length. Each letter is one of
    `letters` channels, so that the first convolution, of one letter, holds an embedding.
    """

    def __init__(self, letters: int, widths: tuple[int, ...], blocks: int, classes: int = 10) -> None:
        super().__init__()
        self.register_buffer("codes", torch.arange(1, letters + 1).reshape(1, letters, 1), persistent=False)
        self.embedding = nn.Conv1d(letters, widths[0], 1, bias=False)
        self.stem = ConvBatchNorm1d(widths[0], widths[0], 3)
        self.stages = add_stages(self, widths, blocks, ConvBatchNorm1d)
        self.fc = nn.Linear(widths[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(self.embedding((x.squeeze(2).long() == self.codes).float())))
        for stage in self.stages:
            x = self.get_submodule(stage)(x)
        return self.fc(x.mean(2))
