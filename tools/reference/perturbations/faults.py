"""packages/perturbations-faults, from its docstrings.

Bits stand word after word in row-major order, in each the lowest first.
"""

from collections.abc import Callable

import ml_dtypes
import numpy as np

from .activation import Spread
from .drawing import distinct, enough, successes
from .weight import Weight, away_from_zero
from streams import Stream, uniforms

Damage = Callable[[np.ndarray], None]
"""Changes bits [words, width] in place; the lowest bit of a word comes first."""


def damaged(words: np.ndarray, damage: Damage) -> np.ndarray:
    width = 8 * words.itemsize
    bits = np.unpackbits(words.view(np.uint8), bitorder="little").reshape(-1, width)
    damage(bits)
    return np.packbits(bits.ravel(), bitorder="little").view(words.dtype)


def in_int8(values: np.ndarray, damage: Damage, largest: float | None = None) -> np.ndarray:
    step = (np.abs(values).max() if largest is None else largest) / 127
    words = np.clip(away_from_zero(values / step), -127, 127).astype(np.int8)
    return damaged(words.ravel(), damage).reshape(values.shape) * step


def in_float32(values: np.ndarray, damage: Damage) -> np.ndarray:
    return damaged(values.ravel().astype("<f4"), damage).reshape(values.shape)


def in_float16(values: np.ndarray, damage: Damage) -> np.ndarray:
    return damaged(values.ravel().astype("<f2"), damage).astype("<f4").reshape(values.shape)


def in_bfloat16(values: np.ndarray, damage: Damage) -> np.ndarray:
    words = values.ravel().astype(np.float32).astype(ml_dtypes.bfloat16).view("<u2")
    return (damaged(words, damage).astype("<u4") << 16).view("<f4").reshape(values.shape)


def drawn(stream: Stream, count: int, probability: float) -> np.ndarray:
    return successes(stream.uniforms(enough(count, probability)), count, probability)


def inverting(rate: float, stream: Stream, spared: int | None = None) -> Damage:
    """Inverts every bit with a probability, but the one that is spared."""

    def damage(bits: np.ndarray) -> None:
        touched = [bit for bit in range(bits.shape[1]) if bit != spared]
        words, places = divmod(drawn(stream, len(bits) * len(touched), rate), len(touched))
        bits[words, np.array(touched)[places]] ^= 1

    return damage


def bit_flip(weight: Weight, rate: float, stream: Stream) -> np.ndarray:
    def damage(bits: np.ndarray) -> None:
        bits ^= stream.uniforms(bits.size).reshape(bits.shape) < rate

    return in_int8(weight.values, damage)


def float32_bit_flip(weight: Weight, rate: float, stream: Stream) -> np.ndarray:
    return in_float32(weight.values, inverting(rate, stream, 30))


def float32_any_bit_flip(weight: Weight, rate: float, stream: Stream) -> np.ndarray:
    return in_float32(weight.values, inverting(rate, stream))


def float16_bit_flip(weight: Weight, rate: float, stream: Stream) -> np.ndarray:
    return in_float16(weight.values, inverting(rate, stream, 14))


def bfloat16_bit_flip(weight: Weight, rate: float, stream: Stream) -> np.ndarray:
    return in_bfloat16(weight.values, inverting(rate, stream, 14))


def bit_swap(weight: Weight, rate: float, stream: Stream) -> np.ndarray:
    """A uniform for the word, two for its bits."""

    def damage(bits: np.ndarray) -> None:
        draws = stream.uniforms(3 * enough(len(bits), rate)).reshape(-1, 3)
        words = successes(draws[:, 0], len(bits), rate)
        one = np.floor(8 * draws[: len(words), 1]).astype(int)
        other = (one + 1 + np.floor(7 * draws[: len(words), 2]).astype(int)) % 8
        bits[words, one], bits[words, other] = bits[words, other], bits[words, one]

    return in_int8(weight.values, damage)


def burst_flip(weight: Weight, length: int, stream: Stream) -> np.ndarray:
    def damage(bits: np.ndarray) -> None:
        inverted = min(length, bits.size)
        (start,) = stream.integers([bits.size - inverted + 1])
        bits.reshape(-1)[start : start + inverted] ^= 1

    return in_int8(weight.values, damage)


def single_bit_flip(weight: Weight, flips: int, stream: Stream) -> np.ndarray:
    def damage(bits: np.ndarray) -> None:
        bits.reshape(-1)[distinct(min(flips, bits.size), bits.size, stream)] ^= 1

    return in_int8(weight.values, damage)


def stuck_at(weight: Weight, rate: float, stream: Stream, reading: int) -> np.ndarray:
    def damage(bits: np.ndarray) -> None:
        bits.reshape(-1)[drawn(stream, bits.size, rate)] = reading

    return in_int8(weight.values, damage)


def stuck_at_zero(weight: Weight, rate: float, stream: Stream) -> np.ndarray:
    return stuck_at(weight, rate, stream, 0)


def stuck_at_one(weight: Weight, rate: float, stream: Stream) -> np.ndarray:
    return stuck_at(weight, rate, stream, 1)


def dead_channel(weight: Weight, dead: int, stream: Stream) -> np.ndarray:
    made = weight.values.copy()
    view = weight.by_group(made)
    channels = view.shape[0] * view.shape[1]
    for channel in distinct(min(dead, channels - 1), channels, stream):
        view[np.unravel_index(channel, view.shape[:2])] = 0
    return made


def activation_bit_flip(values: np.ndarray, rate: float, spread: Spread, streams: list[Stream]) -> np.ndarray:
    draws = uniforms(streams, enough(8 * values.shape[1], rate))

    def damage(bits: np.ndarray) -> None:
        for image, its in enumerate(bits.reshape(len(values), -1)):
            its[successes(draws[image], its.size, rate)] ^= 1

    return in_int8(values, damage, max(abs(spread.low), abs(spread.high)))
