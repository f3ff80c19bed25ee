"""packages/perturbations-noise, from its docstrings."""

import math

import numpy as np

from .activation import Spread
from .drawing import chosen
from .weight import Weight
from streams import Stream, normals


def gaussian_noise(weight: Weight, ratio: float, stream: Stream) -> np.ndarray:
    w = weight.values
    return w + ratio * w.std() * stream.normals(w.size).reshape(w.shape)


def multiplicative_noise(weight: Weight, ratio: float, stream: Stream) -> np.ndarray:
    w = weight.values
    return w * (1 + ratio * stream.normals(w.size).reshape(w.shape))


def uniform_noise(weight: Weight, ratio: float, stream: Stream) -> np.ndarray:
    w = weight.values
    return w + math.sqrt(3) * (ratio * w.std()) * (2 * stream.uniforms(w.size).reshape(w.shape) - 1)


def sign_flip(weight: Weight, fraction: float, stream: Stream) -> np.ndarray:
    w = weight.values
    return np.where(chosen(fraction, w.size, stream).reshape(w.shape), -w, w)


def activation_noise(values: np.ndarray, ratio: float, spread: Spread, streams: list[Stream]) -> np.ndarray:
    return values + ratio * spread.std * normals(streams, values.shape[1])
