"""Known answers of plugins, computed with numpy: python tools/reference/plugins.py"""

import hashlib
import json
import math
from pathlib import Path

import ml_dtypes
import numpy as np

PACKAGES = Path(__file__).parents[2] / "packages"
random = np.random.default_rng(7)


def write(package: str, name: str, content: dict) -> None:
    path = PACKAGES / package / "test/fixtures" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content) + "\n")


def lamp() -> None:
    weights = random.normal(0, 0.1, 300).astype(np.float32)
    squares = np.sort(weights.astype(np.float64) ** 2)
    scores = squares / np.cumsum(squares[::-1])[::-1]
    write("criteria-weights", "lamp", {"weights": weights.tolist(), "mean": scores.mean()})



lamp()


# Layers by their operator: Conv [outputs, inputs / groups, h, w], ConvTranspose [inputs, outputs / groups, h, w], Gemm
# [outputs, inputs] or [inputs, outputs].
PRUNED_LAYERS = [
    {"op": "Conv", "weightShape": [6, 5, 3, 2], "outputAxis": 0, "inputAxis": 1, "groups": 1},
    {"op": "Conv", "weightShape": [8, 3, 2, 2], "outputAxis": 0, "inputAxis": 1, "groups": 2},
    {"op": "Conv", "weightShape": [6, 1, 3, 3], "outputAxis": 0, "inputAxis": 1, "groups": 6},
    {"op": "ConvTranspose", "weightShape": [6, 4, 2, 2], "outputAxis": 1, "inputAxis": 0, "groups": 3},
    {"op": "Gemm", "weightShape": [7, 10], "outputAxis": 0, "inputAxis": 1, "groups": 1},
    {"op": "Gemm", "weightShape": [10, 7], "outputAxis": 1, "inputAxis": 0, "groups": 1},
]


def by_group(weights: np.ndarray, layer: dict) -> np.ndarray:
    """A view [groups, outputs of a group, inputs of a group, kernel…] of the weights of a layer."""
    if layer["op"] == "Gemm":
        matrix = weights if layer["outputAxis"] == 0 else weights.T
        return matrix[np.newaxis, :, :, np.newaxis]
    first, *rest = weights.shape
    grouped = weights.reshape(layer["groups"], first // layer["groups"], *rest)
    return grouped if layer["op"] == "Conv" else grouped.swapaxes(1, 2)


def pruning(name: str, intensities: list, prune) -> None:
    """`prune` gets the view by group and sets weights of it to zero."""
    generator = np.random.default_rng(11)
    layers = []
    for layer in PRUNED_LAYERS:
        weights = generator.normal(0, 0.1, layer["weightShape"]).astype(np.float32)
        cases = []
        for intensity in intensities:
            pruned = weights.copy()
            prune(by_group(pruned, layer), intensity)
            cases.append({"intensity": intensity, "zeros": np.flatnonzero(pruned == 0).tolist()})
        layers.append({"layer": layer, "weights": weights.ravel().tolist(), "cases": cases})
    write("perturbations-pruning", name, {"layers": layers})


def rounded_share(fraction: float, count: int) -> int:
    return int(np.floor(fraction * count + 0.5))


def least_magnitudes(view: np.ndarray, fraction: float) -> None:
    count = rounded_share(fraction, view.size)
    if count:
        view[np.abs(view) <= np.sort(np.abs(view), axis=None)[count - 1]] = 0


def least_filters(view: np.ndarray, fraction: float) -> None:
    groups, outputs = view.shape[:2]
    norms = np.abs(view.astype(np.float64)).sum(axis=tuple(range(2, view.ndim)))
    for channel in norms.argsort(axis=None)[: rounded_share(fraction, groups * outputs)]:
        view[np.unravel_index(channel, norms.shape)] = 0


def least_input_channels(view: np.ndarray, fraction: float) -> None:
    least_filters(view.swapaxes(1, 2), fraction)


def two_of_every(view: np.ndarray, block: int) -> None:
    groups, outputs, inputs, *kernel = view.shape
    for group in range(groups):
        for output in range(outputs):
            row = np.moveaxis(view[group, output], 0, -1).ravel()
            for start in range(0, row.size, block):
                part = row[start : start + block]
                part[np.abs(part).argsort()[:-2]] = 0
            view[group, output] = np.moveaxis(row.reshape(*kernel, inputs), -1, 0)


def resets() -> None:
    generator = np.random.default_rng(13)
    weights = generator.normal(0.05, 0.1, 60).astype(np.float32)
    initial = generator.normal(0, 0.2, 60).astype(np.float32)
    mean = np.full(60, weights.astype(np.float64).mean())
    targets = {"zero-reset": np.zeros(60), "mean-reset": mean, "initial-reset": initial.astype(np.float64)}
    for name, target in targets.items():
        cases = [
            {"alpha": alpha, "reset": (weights + alpha * (target - weights.astype(np.float64))).tolist()}
            for alpha in (0.05, 0.15, 0.3, 0.5, 0.75, 1)
        ]
        content = {"weights": weights.tolist(), "initial": initial.tolist(), "cases": cases}
        write("perturbations-reset", name, content)


pruning("magnitude-pruning", [0.1, 0.5, 0.85], least_magnitudes)
pruning("filter-pruning", [0.1, 0.3, 0.7], least_filters)
pruning("channel-pruning", [0.1, 0.3, 0.7], least_input_channels)
pruning("semi-structured-pruning", [4, 8, 16, 64], two_of_every)
resets()


# Quantization: each value becomes the nearest of a list of levels that is written out in full.


def shortest(values: np.ndarray) -> list:
    """Float32 numbers in as few digits as tell them apart."""
    return [float(str(value)) for value in values.astype(np.float32).ravel()]


def to_nearest(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Half-way between two levels, the one farther from zero."""
    distances = np.abs(values.astype(np.float64).reshape(-1, 1) - levels)
    # What float64 leaves of a half is beyond any distance that two float32 weights make.
    tied = distances <= distances.min(axis=1, keepdims=True) * (1 + 1e-12)
    nearest = np.where(tied, np.abs(levels), -1).argmax(axis=1)
    return levels[nearest].reshape(values.shape)


def symmetric_levels(values: np.ndarray, levels: int) -> np.ndarray:
    return np.arange(-(levels // 2), (levels + 1) // 2) * (2 * np.abs(values).max().astype(np.float64) / (levels - 1))


def affine_levels(low: float, high: float, levels: int) -> np.ndarray:
    low, high = min(float(low), 0), max(float(high), 0)
    step = (high - low) / (levels - 1)
    return (np.arange(levels) - np.floor(-low / step + 0.5)) * step


def extreme_levels(values: np.ndarray, levels: int) -> np.ndarray:
    return affine_levels(values.min(), values.max(), levels)


def power_of_two_levels(values: np.ndarray, levels: int) -> np.ndarray:
    first = np.floor(np.log2(4 * np.abs(values).max().astype(np.float64) / 3))
    powers = 2.0 ** (first - np.arange(levels // 2))
    return np.concatenate([-powers, [0], powers[::-1]])


def least_squares_levels(values: np.ndarray, levels: int) -> np.ndarray:
    """Tries the assignments on either side of every scale at which one changes, and refits each."""
    magnitudes = np.abs(values).astype(np.float64).ravel()
    multiples = np.arange(levels - 1, -1, -2)
    thresholds = np.array([multiple - 1 for multiple in multiples if multiple > 1])
    scales = np.unique(np.divide.outer(magnitudes, thresholds)) if thresholds.size else np.array([])
    scales = np.concatenate([scales / 2, (scales[:-1] + scales[1:]) / 2, scales * 2, [magnitudes.max()]])
    best = (np.inf, 0.0)
    for scale in scales[scales > 0]:
        q = to_nearest(magnitudes, multiples * scale) / scale
        if q.any():
            refitted = (magnitudes @ q) / (q @ q)
            best = min(best, (((magnitudes - refitted * q) ** 2).sum(), refitted))
    return np.arange(1 - levels, levels, 2) * best[1]


def quantization(name: str, level_counts: list, levels_of, per_channel: bool = False) -> None:
    generator = np.random.default_rng(17)
    layers = []
    for layer in PRUNED_LAYERS:
        weights = generator.normal(0.02, 0.1, layer["weightShape"]).astype(np.float32)
        cases = []
        for levels in level_counts:
            quantized = weights.astype(np.float64)
            view = by_group(quantized, layer)
            channels = view.reshape(-1, *view.shape[2:]) if per_channel else [quantized]
            for channel in channels:
                channel[...] = to_nearest(channel, levels_of(channel.astype(np.float32), levels))
            if per_channel:
                view[...] = channels.reshape(view.shape)
            cases.append({"levels": levels, "quantized": shortest(quantized)})
        layers.append({"layer": layer, "weights": shortest(weights), "cases": cases})
    write("perturbations-quantization", name, {"layers": layers})


def uniform_quantization() -> None:
    weights = random.normal(0, 0.1, 200).astype(np.float32)
    cases = [
        {"levels": levels, "quantized": to_nearest(weights, symmetric_levels(weights, levels)).tolist()}
        for levels in (256, 255, 15, 7, 5, 4, 3)
    ]
    write("perturbations-quantization", "uniform-quantization", {"weights": weights.tolist(), "cases": cases})


def activation_quantization() -> None:
    activation = np.random.default_rng(19).normal(0.5, 2, 120).astype(np.float32)
    low, high = -1.5, 4.25
    cases = [
        {"levels": levels, "quantized": shortest(to_nearest(activation, affine_levels(low, high, levels)))}
        for levels in (256, 15, 4, 2)
    ]
    content = {"range": {"low": low, "high": high}, "activation": shortest(activation), "cases": cases}
    write("perturbations-quantization", "activation-quantization", content)


uniform_quantization()
quantization("per-channel-quantization", [256, 15, 4, 3], symmetric_levels, per_channel=True)
quantization("affine-quantization", [256, 15, 3, 2], extreme_levels)
quantization("per-channel-affine-quantization", [256, 15, 3, 2], extreme_levels, per_channel=True)
quantization("power-of-two-quantization", [17, 7, 3], power_of_two_levels)
quantization("optimal-quantization", [15, 8, 4, 3, 2], least_squares_levels)
activation_quantization()


# Faults: the random stream is recomputed from its published rule, so that a seed alone tells the bits of a draw.


class Stream:
    """SHA-256 of the path as JSON seeds xoroshiro128+ (24, 16, 37); see rngFrom in packages/core."""

    def __init__(self, *path) -> None:
        digest = hashlib.sha256(json.dumps(path, separators=(",", ":")).encode()).digest()
        self.state = [int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big")]

    def word(self) -> int:
        def rotated(x: int, k: int) -> int:
            return (x << k | x >> (64 - k)) & (2**64 - 1)

        a, b = self.state
        self.state = [(rotated(a, 24) ^ (a ^ b) ^ ((a ^ b) << 16)) & (2**64 - 1), rotated(a ^ b, 37)]
        return (a + b) & 0xFFFFFFFF

    def uniform(self) -> float:
        high, low = self.word(), self.word()
        return ((high & 0x3FFFFFF) * 2**27 + (low & 0x7FFFFFF)) / 2**53

    def integer(self, bound: int) -> int:
        return int(self.uniform() * bound)

    def successes(self, count: int, probability: float):
        """Failures before a success are geometric: by inversion, with a logarithm."""
        log_failure = -math.inf if probability == 1 else math.log1p(-probability)
        trial = 0
        while probability > 0:
            # The largest number of failures g with (1 − p)^g > u.
            trial += max(0, math.ceil(math.log(self.uniform()) / log_failure) - 1)
            if trial >= count:
                return
            yield trial
            trial += 1

    def distinct(self, count: int, bound: int) -> list:
        chosen = []
        for last in range(bound - min(count, bound), bound):
            candidate = self.integer(last + 1)
            chosen.append(last if candidate in chosen else candidate)
        return chosen


def int8_words(values: np.ndarray, largest: float) -> tuple:
    step = float(largest) / 127
    q = np.clip(values.astype(np.float64) / step, -127, 127)
    return (np.sign(q) * np.floor(np.abs(q) + 0.5)).astype(np.int8), step


def bits_of(words: np.ndarray) -> np.ndarray:
    """[words, bits], the lowest bit first."""
    return np.unpackbits(words.view(np.uint8).reshape(len(words), -1), axis=1, bitorder="little")


def from_bits(bits: np.ndarray, dtype) -> np.ndarray:
    return np.packbits(bits, axis=1, bitorder="little").view(dtype).ravel()


def in_memory(values: np.ndarray, dtype, damage, largest: float | None = None) -> np.ndarray:
    """Float32 bits of what the memory returns; `damage` gets the bits [words, bits]."""
    if dtype != np.int8:
        with np.errstate(over="ignore"):
            words = values.astype(dtype)
        # As bits: a conversion of NaN may change its payload.
        read = from_bits(damaged(words, damage), f"u{words.itemsize}").astype(np.uint32)
        if dtype == np.float16:
            return half_bits(read)
        return read << 16 if words.itemsize == 2 else read
    words, step = int8_words(values, np.abs(values).max() if largest is None else largest)
    return (from_bits(damaged(words, damage), np.int8) * step).astype(np.float32).view(np.uint32)


def damaged(words: np.ndarray, damage) -> np.ndarray:
    bits = bits_of(words)
    damage(bits)
    return bits


def half_bits(words: np.ndarray) -> np.ndarray:
    special = (words & 0x7C00) == 0x7C00
    read = words.astype(np.uint16).view(np.float16).astype(np.float32).view(np.uint32)
    return np.where(special, (words & 0x8000) << 16 | 0x7F800000 | (words & 0x3FF) << 13, read)


def flips(allowed: list):
    def at(rate: float):
        def damage(bits: np.ndarray, stream: Stream) -> None:
            for place in stream.successes(len(bits) * len(allowed), rate):
                bits[place // len(allowed), allowed[place % len(allowed)]] ^= 1

        return damage

    return at


def but(count: int, *left_out: int) -> list:
    return [bit for bit in range(count) if bit not in left_out]


def single_flips(count: int):
    def damage(bits: np.ndarray, stream: Stream) -> None:
        bits.ravel()[stream.distinct(count, bits.size)] ^= 1

    return damage


def swaps(rate: float):
    def damage(bits: np.ndarray, stream: Stream) -> None:
        for place in stream.successes(len(bits), rate):
            bit = stream.integer(8)
            other = (bit + 1 + stream.integer(7)) % 8
            bits[place, [bit, other]] = bits[place, [other, bit]]

    return damage


def stuck(value: int):
    def at(rate: float):
        def damage(bits: np.ndarray, stream: Stream) -> None:
            bits.ravel()[list(stream.successes(bits.size, rate))] = value

        return damage

    return at


def burst(length: int):
    def damage(bits: np.ndarray, stream: Stream) -> None:
        start = stream.integer(bits.size - min(length, bits.size) + 1)
        bits.ravel()[start : start + length] ^= 1

    return damage


def edge_values() -> np.ndarray:
    """Numbers of every size, ties between two half-precision numbers, signed zeros and subnormal numbers among them."""
    generator = np.random.default_rng(23)
    spread = generator.normal(0, 1, 60) * 10.0 ** generator.integers(-9, 5, 60)
    ties = [1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-8, 1 + 3 * 2**-8, 2**-25, 3 * 2**-25, 2**-24 * 1.5, 2**-14 - 2**-25]
    special = [0.0, -0.0, 65504, 65519, 65520, -70000, 2**-14, 2**-126, 2**-149, 3e38, -1e-40]
    return np.array([*spread, *ties, *special]).astype(np.float32)


def faults(name: str, dtype, damage_of, intensities: list, original: np.ndarray, low_high: tuple = ()) -> None:
    cases = []
    for intensity in intensities:
        stream = Stream("reference", name, intensity)
        largest = np.abs(low_high).max() if low_high else None
        bits = in_memory(original, dtype, lambda bits: damage_of(intensity)(bits, stream), largest)
        cases.append({"intensity": intensity, "bits": bits.tolist()})
    content = {"original": original.view(np.uint32).tolist(), "cases": cases}
    if low_high:
        content["range"] = {"low": low_high[0], "high": low_high[1]}
    write("perturbations-faults", name, content)


def dead_channels() -> None:
    generator = np.random.default_rng(29)
    layers = []
    for layer in PRUNED_LAYERS:
        weights = generator.normal(0, 0.1, layer["weightShape"]).astype(np.float32)
        cases = []
        for dead in (1, 4, 16):
            damaged_weights = weights.copy()
            view = by_group(damaged_weights, layer)
            groups, outputs = view.shape[:2]
            stream = Stream("reference", "dead-channel", dead)
            for channel in stream.distinct(min(dead, groups * outputs - 1), groups * outputs):
                view[channel // outputs, channel % outputs] = 0
            cases.append({"intensity": dead, "zeros": np.flatnonzero(damaged_weights == 0).tolist()})
        layers.append({"layer": layer, "weights": shortest(weights), "cases": cases})
    write("perturbations-faults", "dead-channel", {"layers": layers})


normal_weights = np.random.default_rng(31).normal(0, 0.1, 100).astype(np.float32)
floats = edge_values()
faults("float32-bit-flip", np.float32, flips(but(32, 30)), [0, 0.05, 1], floats)
faults("float32-any-bit-flip", np.float32, flips(but(32)), [0, 0.05, 1], floats)
faults("bfloat16-bit-flip", ml_dtypes.bfloat16, flips(but(16, 14)), [0, 0.05, 1], floats)
faults("float16-bit-flip", np.float16, flips(but(16, 14)), [0, 0.05, 1], floats)
faults("single-bit-flip", np.int8, single_flips, [0, 1, 64, 10_000], normal_weights)
faults("bit-swap", np.int8, swaps, [0, 0.2, 1], normal_weights)
faults("stuck-at-zero", np.int8, stuck(0), [0, 0.05, 1], normal_weights)
faults("stuck-at-one", np.int8, stuck(1), [0, 0.05, 1], normal_weights)
faults("burst-flip", np.int8, burst, [0, 37, 10_000], normal_weights)
faults("activation-bit-flip", np.int8, flips(but(8)), [0, 0.05, 1], normal_weights, (-0.05, 0.15))
dead_channels()
