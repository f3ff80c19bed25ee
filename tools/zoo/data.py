"""Fashion-MNIST as the zoo ships it: the whole test split, and 1,024 calibration images from the training split.

python tools/zoo/data.py --data DIR    (DIR: the four IDX files, e.g. Debian's package dataset-fashion-mnist)
"""

import argparse
import gzip
import hashlib
import json
from pathlib import Path

import numpy as np

from files import write_atomically

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
SHIPPED = Path(__file__).parents[2] / "packages/zoo/data/fashion-mnist"
CALIBRATION = 1024


def read_idx(path: Path) -> np.ndarray:
    raw = gzip.decompress(path.read_bytes())
    dimensions = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def encode_idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return gzip.compress(header + array.tobytes(), 9, mtime=0)


def load(data: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images [n, 28, 28] and labels [n] of `train` or `t10k`, as bytes."""
    return read_idx(data / f"{split}-images-idx3-ubyte.gz"), read_idx(data / f"{split}-labels-idx1-ubyte.gz")


def calibration_indices(labels: np.ndarray, count: int) -> np.ndarray:
    """`count` training images in a seeded order in which every prefix is as balanced over the classes as it can be."""
    random = np.random.Generator(np.random.PCG64(20241))
    by_class = [random.permutation(np.flatnonzero(labels == c)) for c in np.unique(labels)]
    rounds = [np.array([indices[i] for indices in by_class]) for i in range(-(-count // len(by_class)))]
    return np.concatenate([random.permutation(r) for r in rounds])[:count]


def ship(folder: Path, files: dict[str, bytes]) -> None:
    """Writes the files and, beside them, their SHA-256."""
    for name, content in files.items():
        write_atomically(folder / name, content)
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    write_atomically(folder / "checksums.json", (json.dumps(checksums, indent=2) + "\n").encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEBIAN)
    data = parser.parse_args().data
    images, labels = load(data, "train")
    chosen = calibration_indices(labels, CALIBRATION)
    files = {
        "test-images.idx3.gz": (data / "t10k-images-idx3-ubyte.gz").read_bytes(),
        "test-labels.idx1.gz": (data / "t10k-labels-idx1-ubyte.gz").read_bytes(),
        "calibration-images.idx3.gz": encode_idx(images[chosen]),
        "calibration-labels.idx1.gz": encode_idx(labels[chosen]),
    }
    ship(SHIPPED, files)


if __name__ == "__main__":
    main()
