"""What a perturbation knows of a layer's output."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """What a layer's output ranges over on calibration images, and its standard deviation."""

    low: float
    high: float
    std: float
