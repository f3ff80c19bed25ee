"""packages/perturbations-pruning, from its docstrings."""

import numpy as np

from .drawing import chosen
from .weight import Weight, share
from streams import Stream


def magnitude_pruning(weight: Weight, fraction: float, stream: Stream) -> np.ndarray:
    made = weight.values.copy()
    made.flat[np.abs(made).ravel().argsort(kind="stable")[: share(fraction, made.size)]] = 0
    return made


def random_pruning(weight: Weight, fraction: float, stream: Stream) -> np.ndarray:
    w = weight.values
    return np.where(chosen(fraction, w.size, stream).reshape(w.shape), 0, w)


def without(view: np.ndarray, channels: np.ndarray | list[int]) -> None:
    """Zeros where the first two axes of a view count the given channels."""
    for channel in channels:
        view[np.unravel_index(channel, view.shape[:2])] = 0


def least_norms(view: np.ndarray, fraction: float) -> np.ndarray:
    norms = np.abs(view).sum(axis=tuple(range(2, view.ndim))).ravel()
    return norms.argsort(kind="stable")[: share(fraction, norms.size)]


def filter_pruning(weight: Weight, fraction: float, stream: Stream) -> np.ndarray:
    made = weight.values.copy()
    view = weight.by_group(made)
    without(view, least_norms(view, fraction))
    return made


def channel_pruning(weight: Weight, fraction: float, stream: Stream) -> np.ndarray:
    made = weight.values.copy()
    view = weight.by_group(made).swapaxes(1, 2)
    without(view, least_norms(view, fraction))
    return made


def random_filter_pruning(weight: Weight, fraction: float, stream: Stream) -> np.ndarray:
    made = weight.values.copy()
    view = weight.by_group(made)
    filters = view.shape[0] * view.shape[1]
    without(view, stream.shuffle(range(filters))[: share(fraction, filters)])
    return made


def semi_structured_pruning(weight: Weight, block: int, stream: Stream) -> np.ndarray:
    made = weight.values.copy()
    view = weight.by_group(made)
    for group, output in np.ndindex(view.shape[:2]):
        channels_last = np.moveaxis(view[group, output], 0, -1)
        row = channels_last.ravel()
        for start in range(0, row.size, block):
            part = row[start : start + block]
            part[np.abs(part).argsort(kind="stable")[:-2]] = 0
        view[group, output] = np.moveaxis(row.reshape(channels_last.shape), -1, 0)
    return made
