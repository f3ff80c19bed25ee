"""What PyTorch, not onnxruntime, predicts with the zoo's published weights on the test split.

python tools/reference/zoo_predictions.py    writes packages/zoo/test/fixtures/predictions.json
"""

import json
import sys
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import nn

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools/zoo"))

from data import SHIPPED, read_idx
from evaluation import predictions
from fold import folded
from preprocessing import normalised
from recipes import RECIPES, Recipe

RECORDED = 1000


def published(recipe: Recipe) -> nn.Module:
    """The folded network with the weights of its ONNX file; fails where a name or a shape differs."""
    graph = onnx.load(ROOT / f"packages/zoo/models/{recipe.name}.onnx").graph
    weights = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    network = folded(recipe.network())
    network.load_state_dict(weights, strict=True)
    return network


torch.set_num_threads(1)
images = normalised(read_idx(SHIPPED / "test-images.idx3.gz"))
labels = torch.from_numpy(read_idx(SHIPPED / "test-labels.idx1.gz").copy())
recorded = {}
for recipe in RECIPES:
    classes = predictions(published(recipe), images)
    recorded[recipe.name] = {
        "images": len(labels),
        "correct": int((classes == labels).sum()),
        "first": classes[:RECORDED].tolist(),
    }
path = ROOT / "packages/zoo/test/fixtures/predictions.json"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(recorded) + "\n")
