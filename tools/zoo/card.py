"""What is recorded beside a trained network: everything that made it, and how good it is."""

import hashlib
import platform
from dataclasses import asdict
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

from counting import count_layers
from datasets import PREPROCESSING
from evaluation import wilson
from recipes import Recipe


def card(
    recipe: Recipe, curve: list[dict], correct: int, images: int, parameters: int, content: bytes, initial: bytes | None
) -> dict[str, Any]:
    """
    The card of a network whose ONNX file is `content` (`initial` with the weights before training, where kept) and which classifies
    `correct` of `images` test images correctly.
    """
    preprocessing = PREPROCESSING[recipe.data]
    layers = count_layers(recipe)
    return {
        "name": recipe.name,
        "title": recipe.title,
        "family": recipe.family,
        "data": recipe.data,
        "preprocessing": {
            "scale": preprocessing.scale,
            "mean": list(preprocessing.mean),
            "std": list(preprocessing.std),
        },
        "parameters": parameters,
        "layers": len(layers),
        "macs": sum(layer.macs for layer in layers),
        "test": {
            "images": images,
            "correct": correct,
            "accuracy": correct / images,
            "interval95": wilson(correct, images),
        },
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        **({} if initial is None else {"initialSha256": hashlib.sha256(initial).hexdigest()}),
        "licence": "MIT",
        "command": f"python tools/zoo/train.py {recipe.name}",
        "recipe": asdict(recipe),
        "curve": curve,
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "onnx": onnx.__version__,
            "onnxruntime": onnxruntime.__version__,
            "numpy": np.__version__,
        },
        "notes": "The test split was looked at once an epoch for the curve and chose no epoch; where it led to another recipe, tools/zoo/README.md says so. The 1,024 calibration images are part of the training split.",
    }
