"""packages/perturbations-quantization, from its docstrings."""

import math
from collections.abc import Callable

import numpy as np

from .activation import Spread
from .weight import Weight, away_from_zero
from streams import Stream


def symmetric(values: np.ndarray, levels: int) -> np.ndarray:
    span = 2 * np.abs(values).max()
    if span == 0:
        return values
    q = away_from_zero(values * (levels - 1) / span)
    return np.clip(q, -(levels // 2), (levels - 1) // 2) * span / (levels - 1)


def affine(values: np.ndarray, low: float, high: float, levels: int) -> np.ndarray:
    low, high = min(low, 0.0), max(high, 0.0)
    step = (high - low) / (levels - 1)
    if step == 0:
        return np.zeros_like(values)
    zero = away_from_zero(np.float64(-low / step))
    return (np.clip(away_from_zero(values / step) + zero, 0, levels - 1) - zero) * step


def by_channel(weight: Weight, quantize: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    made = weight.values.copy()
    view = weight.by_group(made)
    for channel in np.ndindex(view.shape[:2]):
        view[channel] = quantize(view[channel])
    return made


def uniform_quantization(weight: Weight, levels: int, stream: Stream) -> np.ndarray:
    return symmetric(weight.values, levels)


def per_channel_quantization(weight: Weight, levels: int, stream: Stream) -> np.ndarray:
    return by_channel(weight, lambda values: symmetric(values, levels))


def affine_quantization(weight: Weight, levels: int, stream: Stream) -> np.ndarray:
    return affine(weight.values, weight.values.min(), weight.values.max(), levels)


def per_channel_affine_quantization(weight: Weight, levels: int, stream: Stream) -> np.ndarray:
    return by_channel(weight, lambda values: affine(values, values.min(), values.max(), levels))


def optimal_quantization(weight: Weight, levels: int, stream: Stream) -> np.ndarray:
    """
    The best δ for fixed multiples q is Σ|w|q / Σq², and leaves Σw² − (Σ|w|q)² / Σq². The q that belong to some δ are those that arise
    when thresholds tδ (t of the other parity than q) fall past the magnitudes, one after another: all are tried.
    """
    magnitudes = np.abs(weight.values)
    lowest = (levels - 1) % 2
    thresholds = np.arange(lowest + 1, levels - 1, 2)
    passed, at = (grid.ravel() for grid in np.meshgrid(magnitudes.ravel(), thresholds))
    order = (-passed / at).argsort(kind="stable")
    products = lowest * magnitudes.sum() + np.append(0, (2 * passed[order]).cumsum())
    squares = lowest * magnitudes.size + np.append(0, (4 * at[order]).cumsum())
    with np.errstate(invalid="ignore"):
        best = np.nanargmax(products * products / squares)
    step = products[best] / squares[best]
    q = 2 * np.floor((magnitudes / step + 1 - lowest) / 2) + lowest
    return np.where(weight.values < 0, -1, 1) * np.minimum(q, levels - 1) * step


def power_of_two_quantization(weight: Weight, levels: int, stream: Stream) -> np.ndarray:
    w = weight.values
    # The largest is f · 2ᵉ with f from ½ to 1: 4/3 of it reaches 2ᵉ where f reaches ¾.
    fraction, exponent = math.frexp(np.abs(w).max())
    top = exponent if fraction >= 0.75 else exponent - 1
    powers = 2.0 ** np.arange(top - (levels - 1) // 2 + 1, top + 1)
    ladder = np.append(0, powers)
    halves = (ladder[:-1] + ladder[1:]) / 2
    nearest = ladder[np.searchsorted(halves, np.abs(w), side="right")]
    return np.where(nearest == 0, 0, np.sign(w) * nearest)


def activation_quantization(values: np.ndarray, levels: int, spread: Spread, streams: list[Stream]) -> np.ndarray:
    return affine(values, spread.low, spread.high, levels)
