"""The perturbations in numpy, by name, each from the docstring of its plugin in packages/perturbations-*.

A weight is float64 here and is rounded to float32 once, at the end.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import faults, noise, pruning, quantization, resets


@dataclass(frozen=True)
class Perturbation:
    version: int
    stochastic: bool
    levels: tuple[float, ...]
    apply: Callable[..., np.ndarray]


NOISE = (0.4, 0.8, 1.2, 1.6, 2.4)
STRUCTURES = (0.2, 0.3, 0.5, 0.7, 0.85)
RATES = (0.003, 0.01, 0.03, 0.06, 0.1)
RESETS = (0.15, 0.3, 0.5, 0.65, 0.8, 1)

OF_WEIGHTS = {
    "gaussian-noise": Perturbation(1, True, NOISE, noise.gaussian_noise),
    "multiplicative-noise": Perturbation(1, True, NOISE, noise.multiplicative_noise),
    "uniform-noise": Perturbation(1, True, NOISE, noise.uniform_noise),
    "sign-flip": Perturbation(1, True, (0.05, 0.1, 0.2, 0.3, 0.4), noise.sign_flip),
    "magnitude-pruning": Perturbation(1, False, (0.7, 0.8, 0.85, 0.9, 0.95), pruning.magnitude_pruning),
    "random-pruning": Perturbation(1, True, (0.1, 0.3, 0.5, 0.7, 0.85), pruning.random_pruning),
    "filter-pruning": Perturbation(1, False, STRUCTURES, pruning.filter_pruning),
    "channel-pruning": Perturbation(1, False, STRUCTURES, pruning.channel_pruning),
    "random-filter-pruning": Perturbation(1, True, STRUCTURES, pruning.random_filter_pruning),
    "semi-structured-pruning": Perturbation(1, False, (4, 8, 16, 32, 64), pruning.semi_structured_pruning),
    "uniform-quantization": Perturbation(1, False, (15, 7, 5, 4, 3), quantization.uniform_quantization),
    "per-channel-quantization": Perturbation(1, False, (7, 6, 5, 4, 3), quantization.per_channel_quantization),
    "affine-quantization": Perturbation(1, False, (11, 7, 5, 4, 3, 2), quantization.affine_quantization),
    "per-channel-affine-quantization": Perturbation(1, False, (7, 5, 4, 3, 2), quantization.per_channel_affine_quantization),
    "optimal-quantization": Perturbation(1, False, (7, 5, 4, 3, 2), quantization.optimal_quantization),
    "power-of-two-quantization": Perturbation(1, False, (17, 9, 7, 5, 3), quantization.power_of_two_quantization),
    "bit-flip": Perturbation(1, True, (0.01, 0.03, 0.06, 0.1, 0.2), faults.bit_flip),
    "float32-bit-flip": Perturbation(1, True, RATES, faults.float32_bit_flip),
    "float32-any-bit-flip": Perturbation(1, True, (0.00001, 0.00003, 0.0001, 0.0003, 0.0006), faults.float32_any_bit_flip),
    "float16-bit-flip": Perturbation(1, True, RATES, faults.float16_bit_flip),
    "bfloat16-bit-flip": Perturbation(1, True, RATES, faults.bfloat16_bit_flip),
    "bit-swap": Perturbation(1, True, (0.1, 0.2, 0.4, 0.7, 1), faults.bit_swap),
    "burst-flip": Perturbation(1, True, (256, 512, 1024, 1536, 2048), faults.burst_flip),
    "single-bit-flip": Perturbation(1, True, (1, 64, 256, 512, 1024, 2048), faults.single_bit_flip),
    "stuck-at-zero": Perturbation(1, True, (0.03, 0.1, 0.2, 0.3, 0.5), faults.stuck_at_zero),
    "stuck-at-one": Perturbation(1, True, (0.03, 0.06, 0.1, 0.2, 0.4), faults.stuck_at_one),
    "dead-channel": Perturbation(1, True, (1, 2, 4, 8, 16), faults.dead_channel),
    "zero-reset": Perturbation(1, False, RESETS, resets.zero_reset),
    "mean-reset": Perturbation(1, False, RESETS, resets.mean_reset),
    "shuffle-reset": Perturbation(1, True, RESETS, resets.shuffle_reset),
    "reinit-reset": Perturbation(1, True, RESETS, resets.reinit_reset),
    "initial-reset": Perturbation(1, False, (0.3, 0.5, 0.75, 0.9, 1), resets.initial_reset),
}

OF_ACTIVATIONS = {
    "activation-noise": Perturbation(1, True, NOISE, noise.activation_noise),
    "activation-quantization": Perturbation(1, False, (11, 7, 5, 4, 3), quantization.activation_quantization),
    "activation-bit-flip": Perturbation(1, True, RATES, faults.activation_bit_flip),
}
