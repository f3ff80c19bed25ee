"""A layer's weight as a perturbation sees it."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Weight:
    """A layer's weight with what a perturbation may know: `values` float64 in the shape of the file."""

    values: np.ndarray
    op: str
    groups: int
    transposed: bool
    """Gemm alone: [outputs, inputs]."""
    initial: np.ndarray | None

    def by_group(self, values: np.ndarray) -> np.ndarray:
        """A view [groups, outputs of a group, inputs of a group, kernel…] of values in the weight's shape."""
        if self.op == "Conv":
            return values.reshape(self.groups, -1, *values.shape[1:])
        return (values if self.transposed else values.T)[np.newaxis, :, :, np.newaxis]


def away_from_zero(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.floor(np.abs(values) + 0.5)


def share(fraction: float, count: int) -> int:
    return math.floor(fraction * count + 0.5)
