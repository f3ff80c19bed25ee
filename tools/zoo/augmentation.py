"""What a training batch goes through before the network sees it."""

import torch
from torch import Tensor
from torch.nn import functional as F

SHIFT = 2


def augmented(batch: Tensor, kind: str, background: float, random: torch.Generator) -> Tensor:
    """The batch [n, channels, height, width], each image flipped and shifted by its own draw; `background` fills what a shift uncovers."""
    if kind == "none":
        return batch
    flip = torch.rand(len(batch), generator=random) < 0.5
    batch = torch.where(flip[:, None, None, None], batch.flip(3), batch)
    return batch if kind == "flip" else _shifted(batch, background, random)


def _shifted(batch: Tensor, background: float, random: torch.Generator) -> Tensor:
    count, _, height, width = batch.shape
    padded = F.pad(batch, (SHIFT,) * 4, value=background)
    rows = torch.randint(0, 2 * SHIFT + 1, (count,), generator=random)[:, None] + torch.arange(height)
    columns = torch.randint(0, 2 * SHIFT + 1, (count,), generator=random)[:, None] + torch.arange(width)
    images = torch.arange(count)[:, None, None]
    return padded[images, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
