"""The random streams of the protocol, from their published rule: packages/core/src/rng.ts says it in a sentence, this in Python.

A stream is named by a path of strings and numbers. The path as JSON, in UTF-8, through SHA-256: the first 16 bytes are the two
big-endian words of the state of xoroshiro128+ (Blackman & Vigna 2018, rotations 24, 16, 37). Of every output the low 32 bits count: a uniform
is the low 26 bits of one and the low 27 bits of the next. Normals come by Marsaglia's polar method, with the logarithm of FreeBSD's msun.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np

WORD = (1 << 64) - 1
Path = Sequence[str | int | float]


def json_of(part: str | int | float) -> str:
    """As JSON.stringify writes it: numbers in the fewest digits that read back, without an exponent from 1e-6 to 1e21."""
    if isinstance(part, str):
        return json.dumps(part, ensure_ascii=False)
    if float(part).is_integer() and abs(part) < 1e21:
        return str(int(part))
    if 1e-6 <= abs(part) < 1e21:
        return format(Decimal(repr(part)), "f")
    return repr(part).replace("e-0", "e-")


def state_of(path: Path) -> tuple[int, int]:
    digest = hashlib.sha256(("[" + ",".join(map(json_of, path)) + "]").encode()).digest()
    return int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big")


def rotated(word, by: int):
    return ((word << by) & WORD) | (word >> (64 - by))


def outputs(first, second, count: int) -> tuple[list, tuple]:
    """`count` outputs of xoroshiro128+ and the state behind them; of one generator (integers) or of several side by side (uint64)."""
    made = []
    for _ in range(count):
        made.append((first + second) & WORD)
        second = second ^ first
        first = rotated(first, 24) ^ second ^ ((second << 16) & WORD)
        second = rotated(second, 37)
    return made, (first, second)


def ln(x: np.ndarray) -> np.ndarray:
    """Natural logarithm of normal numbers above 0, to the bit as FreeBSD's e_log.c computes it (Sun Microsystems, 1993)."""
    high = (x.view(np.uint64) >> np.uint64(32)).astype(np.int64)
    exponent = (high >> 20) - 1023
    high &= 0xFFFFF
    above = (high + 0x95F64) & 0x100000
    bits = ((high | (above ^ 0x3FF00000)).astype(np.uint64) << np.uint64(32)) | (x.view(np.uint64) & np.uint64(0xFFFFFFFF))
    f = bits.view(np.float64) - 1.0
    k = (exponent + (above >> 20)).astype(np.float64)
    upper, lower = k * 6.93147180369123816490e-01, k * 1.90821492927058770002e-10

    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
    odd = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)))
    r = odd + even
    square = 0.5 * f * f
    wide = upper - ((square - (s * (square + r) + lower)) - f)
    narrow = upper - ((s * (f - r) - lower) - f)
    tiny = upper - ((f * f * (0.5 - 0.33333333333333333 * f) - lower) - f)
    is_wide = ((high - 0x6147A) | (0x6B851 - high)) > 0
    return np.where((0xFFFFF & (2 + high)) < 3, tiny, np.where(is_wide, wide, narrow))


class Stream:
    def __init__(self, *path: str | int | float) -> None:
        self.state = state_of(path)

    def uniforms(self, count: int) -> np.ndarray:
        made, self.state = outputs(*self.state, 2 * count)
        return uniforms_of(np.array(made, np.uint64))

    def integers(self, bounds: Sequence[int]) -> list[int]:
        """One below each of the bounds."""
        return np.floor(self.uniforms(len(bounds)) * np.array(bounds, np.float64)).astype(np.int64).tolist()

    def normals(self, count: int) -> np.ndarray:
        """The first ones of a stream that nothing else is drawn from."""
        return polar(self.uniforms(2 * attempts(count)), count)

    def shuffle(self, items: Sequence) -> list:
        order = list(items)
        places = range(len(order) - 1, 0, -1)
        for last, other in zip(places, self.integers([last + 1 for last in places])):
            order[last], order[other] = order[other], order[last]
        return order


def uniforms(streams: Sequence[Stream], count: int) -> np.ndarray:
    """The first uniforms of every stream, side by side: [streams, count]."""
    made, _ = outputs(*(np.array(words, np.uint64) for words in zip(*(stream.state for stream in streams))), 2 * count)
    return uniforms_of(np.array(made)).T


def normals(streams: Sequence[Stream], count: int) -> np.ndarray:
    """The first normals of every stream: [streams, count]."""
    return np.stack([polar(drawn, count) for drawn in uniforms(streams, 2 * attempts(count))])


def uniforms_of(made: np.ndarray) -> np.ndarray:
    """Of outputs [2n, …], uniforms [n, …]: multiples of 2⁻⁵³."""
    first, second = made[0::2] & np.uint64((1 << 26) - 1), made[1::2] & np.uint64((1 << 27) - 1)
    return first.astype(np.float64) * 2.0**-26 + second.astype(np.float64) * 2.0**-53


def attempts(count: int) -> int:
    """More pairs of uniforms than `count` normals take: π/4 of them fall into the disc."""
    return math.ceil(count * 2 / math.pi + 8 * math.sqrt(count) + 20)


def polar(drawn: np.ndarray, count: int) -> np.ndarray:
    """Normals of uniforms, two of every pair that falls into the disc."""
    u, v = (2 * drawn - 1).reshape(-1, 2).T
    s = u * u + v * v
    inside = (s > 0) & (s < 1)
    u, v, s = u[inside], v[inside], s[inside]
    scale = np.sqrt(-2 * ln(s) / s)
    made = np.stack([u * scale, v * scale], 1).ravel()
    assert len(made) >= count, "more attempts are needed"
    return made[:count]


def stratified_order(labels: np.ndarray, data: str) -> list[int]:
    """All images in the seeded order of the protocol: round by round, one of each class that has one left."""
    stream = Stream("loadbearing/v1", "images", data)
    queues = [stream.shuffle(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)]
    order: list[int] = []
    for position in range(max(map(len, queues))):
        order += stream.shuffle([queue[position] for queue in queues if position < len(queue)])
    return order
