"""Residual networks along one axis (He et al. 2016, section 4.2): over the letters of a word instead of the pixels of an image."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import ConvBatchNorm1d


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = ConvBatchNorm1d(inputs, outputs, 3, stride)
        self.conv2 = ConvBatchNorm1d(outputs, outputs, 3)
        self.shortcut = nn.Identity() if inputs == outputs and stride == 1 else ConvBatchNorm1d(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.shortcut(x))


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
        inputs = widths[0]
        self.stages = [f"stage{number}" for number in range(1, len(widths) + 1)]
        for stage, outputs in zip(self.stages, widths):
            members = OrderedDict()
            for index in range(blocks):
                members[f"block{index}"] = Block(inputs, outputs, 2 if index == 0 and stage != "stage1" else 1)
                inputs = outputs
            self.add_module(stage, nn.Sequential(members))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(self.embedding((x.squeeze(2).long() == self.codes).float())))
        for stage in self.stages:
            x = self.get_submodule(stage)(x)
        return self.fc(x.mean(2))
