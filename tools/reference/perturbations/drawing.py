"""Places that are drawn at random."""

import math

import numpy as np

from .weight import share
from streams import Stream


def chosen(fraction: float, count: int, stream: Stream) -> np.ndarray:
    """Selection sampling: each in turn with the odds of those that are still to be chosen among those that are left."""
    left = share(fraction, count)
    is_chosen = np.zeros(count, bool)
    for place, drawn in enumerate(stream.integers(range(count, 0, -1))):
        if drawn < left:
            is_chosen[place] = True
            left -= 1
    return is_chosen


def successes(uniforms: np.ndarray, count: int, probability: float) -> np.ndarray:
    """Which of `count` trials succeed, a uniform u a success: before it as many fail as the largest g with (1 − p)^g > u."""
    with np.errstate(divide="ignore"):
        failures = np.ceil(np.log(uniforms.astype(np.longdouble)) / np.log1p(-np.longdouble(probability))) - 1
    places = (np.clip(failures, 0, count) + 1).cumsum().astype(np.int64) - 1
    assert places[-1] >= count, "more uniforms are needed"
    return places[places < count]


def enough(count: int, probability: float) -> int:
    """More uniforms than `count` trials take."""
    expected = count * probability
    return math.ceil(expected + 8 * math.sqrt(expected) + 40)


def distinct(count: int, bound: int, stream: Stream) -> list[int]:
    """`count` different integers below `bound`, by Floyd's algorithm."""
    made: set[int] = set()
    lasts = range(bound - count, bound)
    for last, candidate in zip(lasts, stream.integers([last + 1 for last in lasts])):
        made.add(last if candidate in made else candidate)
    return sorted(made)
