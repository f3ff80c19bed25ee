"""MLP-Mixer (Tolstikhin et al. 2021): one perceptron over the tokens of a channel, one over the channels of a token, in turn."""

from collections import OrderedDict

from torch import Tensor, nn

from .blocks import TokenMLP


class Block(nn.Module):
    def __init__(self, tokens: int, width: int, token_hidden: int, channel_hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.tokens = TokenMLP(tokens, token_hidden)
        self.norm2 = nn.LayerNorm(width)
        self.channels = TokenMLP(width, channel_hidden)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm2(x))


class Mixer(nn.Module):
    """Images [n, channels, side, side] → logits [n, classes]; tokens of `patch`×`patch` pixels."""

    def __init__(
        self,
        side: int,
        patch: int,
        width: int,
        depth: int,
        token_hidden: int,
        channel_hidden: int,
        channels: int = 1,
        classes: int = 10,
    ) -> None:
        super().__init__()
        tokens = (side // patch) ** 2
        self.patches = nn.Conv2d(channels, width, patch, patch)
        self.blocks = nn.Sequential(
            OrderedDict((f"block{index}", Block(tokens, width, token_hidden, channel_hidden)) for index in range(depth))
        )
        self.norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        return self.fc(self.norm(self.blocks(x)).mean(1))
