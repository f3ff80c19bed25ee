"""What a training batch goes through before the network sees it."""

import torch
from torch import Tensor
from torch.nn import functional as F

SHIFT = 2
STRONG_SHIFT, ERASED, CONTRAST = 4, 10, 0.4


def augmented(batch: Tensor, kind: str, background: float, random: torch.Generator) -> Tensor:
    """The batch [n, channels, height, width], each image changed by its own draw; `background` fills what a shift or an erasure leaves."""
    if kind == "none":
        return batch
    flip = torch.rand(len(batch), generator=random) < 0.5
    batch = torch.where(flip[:, None, None, None], batch.flip(3), batch)
    if kind == "flip":
        return batch
    if kind == "flip-shift":
        return _shifted(batch, SHIFT, background, random)
    return _erased(_rescaled(_shifted(batch, STRONG_SHIFT, background, random), random), background, random)


def _shifted(batch: Tensor, most: int, background: float, random: torch.Generator) -> Tensor:
    count, _, height, width = batch.shape
    padded = F.pad(batch, (most,) * 4, value=background)
    rows = torch.randint(0, 2 * most + 1, (count,), generator=random)[:, None] + torch.arange(height)
    columns = torch.randint(0, 2 * most + 1, (count,), generator=random)[:, None] + torch.arange(width)
    images = torch.arange(count)[:, None, None]
    return padded[images, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _rescaled(batch: Tensor, random: torch.Generator) -> Tensor:
    factor = 1 + CONTRAST * (2 * torch.rand(len(batch), generator=random) - 1)
    return batch * factor[:, None, None, None]


def _erased(batch: Tensor, background: float, random: torch.Generator) -> Tensor:
    count, _, height, width = batch.shape
    first_row = torch.randint(1 - ERASED, height, (count, 1), generator=random)
    first_column = torch.randint(1 - ERASED, width, (count, 1), generator=random)
    rows = (torch.arange(height) >= first_row) & (torch.arange(height) < first_row + ERASED)
    columns = (torch.arange(width) >= first_column) & (torch.arange(width) < first_column + ERASED)
    return batch.masked_fill((rows[:, :, None] & columns[:, None, :]).unsqueeze(1), background)
