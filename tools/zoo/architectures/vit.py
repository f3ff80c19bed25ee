"""A vision transformer (Dosovitskiy et al. 2021) whose head reads the mean of its tokens."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from .blocks import TokenLinear, TokenMLP


class Attention(nn.Module):
    def __init__(self, tokens: int, width: int, heads: int) -> None:
        super().__init__()
        self.shape = (tokens, heads, width // heads)
        self.qkv = TokenLinear(width, 3 * width)
        self.out = TokenLinear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        tokens, heads, size = self.shape
        q, k, v = (part.reshape(-1, tokens, heads, size).transpose(1, 2) for part in self.qkv(x).chunk(3, 2))
        weights = (q * size**-0.5 @ k.transpose(2, 3)).softmax(3)
        return self.out((weights @ v).transpose(1, 2).reshape(-1, tokens, heads * size))


class Block(nn.Module):
    def __init__(self, tokens: int, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(tokens, width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = TokenMLP(width, hidden)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    """Images [n, channels, side, side] → logits [n, classes]; tokens of `patch`×`patch` pixels."""

    def __init__(
        self, side: int, patch: int, width: int, depth: int, heads: int, hidden: int, channels: int = 1, classes: int = 10
    ) -> None:
        super().__init__()
        tokens = (side // patch) ** 2
        self.patches = nn.Conv2d(channels, width, patch, patch)
        self.position = nn.Parameter(0.02 * torch.randn(1, tokens, width))
        self.blocks = nn.Sequential(OrderedDict((f"block{index}", Block(tokens, width, heads, hidden)) for index in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2) + self.position
        return self.fc(self.norm(self.blocks(x)).mean(1))
