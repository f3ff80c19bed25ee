"""From bytes to what a network of the zoo is fed."""

import numpy as np
import torch

SCALE, MEAN, STD = 255, 0.286, 0.353
BACKGROUND = -MEAN / STD


def normalised(images: np.ndarray) -> torch.Tensor:
    """Bytes [n, height, width] as float32 [n, 1, height, width]: (x / 255 − mean) / std."""
    return ((torch.from_numpy(images.copy()).float() / SCALE - MEAN) / STD).unsqueeze(1)
