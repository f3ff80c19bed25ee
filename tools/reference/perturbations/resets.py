"""packages/perturbations-reset, from its docstrings."""

import math

import numpy as np

from .weight import Weight
from streams import Stream


def towards(weight: Weight, end: np.ndarray, alpha: float) -> np.ndarray:
    """The end is a weight itself, in float32; the way there is float64."""
    w = weight.values
    s = end.astype(np.float32).astype(np.float64).reshape(w.shape)
    return s if alpha == 1 else (1 - alpha) * w + alpha * s


def zero_reset(weight: Weight, alpha: float, stream: Stream) -> np.ndarray:
    return towards(weight, np.zeros_like(weight.values), alpha)


def mean_reset(weight: Weight, alpha: float, stream: Stream) -> np.ndarray:
    return towards(weight, np.full_like(weight.values, weight.values.mean()), alpha)


def shuffle_reset(weight: Weight, alpha: float, stream: Stream) -> np.ndarray:
    return towards(weight, np.array(stream.shuffle(weight.values.ravel())), alpha)


def reinit_reset(weight: Weight, alpha: float, stream: Stream) -> np.ndarray:
    fan_in = weight.by_group(weight.values)[0, 0].size
    return towards(weight, math.sqrt(2 / fan_in) * stream.normals(weight.values.size), alpha)


def initial_reset(weight: Weight, alpha: float, stream: Stream) -> np.ndarray:
    assert weight.initial is not None, "no initial values"
    return towards(weight, weight.initial, alpha)
