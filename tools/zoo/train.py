"""Trains the networks of the zoo, from checkpoints, and writes each one's ONNX file and card.

python tools/zoo/train.py --all                  every recipe
python tools/zoo/train.py resnet8-fashion        one of them

Interrupted at any moment, the same command goes on and ends with the same bytes (on one kind of processor and PyTorch version).
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import onnxruntime
import torch

import data as images_and_labels
from card import card
from evaluation import predictions
from export import to_onnx
from files import write_atomically
from fold import folded
from preprocessing import normalised
from recipes import RECIPES, Recipe
from training import train

MODELS = Path(__file__).parents[2] / "packages/zoo/models"
TOLERANCE = 1e-4


def publish(recipe: Recipe, data: Path, checkpoints: Path, models: Path) -> None:
    """Trains the network and writes `NAME.onnx` and `NAME.json` in `models`. Exits where a deployed form disagrees with the trained one."""
    network, curve = train(recipe, data, checkpoints)
    images, labels = images_and_labels.load(data, "t10k")
    x, y = normalised(images), torch.from_numpy(labels.copy()).long()
    deployed = folded(network)
    content = to_onnx(deployed, x[:2])
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        trained, fused = network(x[:500]).numpy(), deployed(x[:500]).numpy()
    exported = session.run(["logits"], {"input": x[:500].numpy()})[0]
    for what, logits in [("Folding batch normalisation", fused), ("The export to ONNX", exported)]:
        if (moved := np.abs(logits - trained).max()) > TOLERANCE:
            raise SystemExit(f"{what} moved a logit of '{recipe.name}' by {moved:.2g}, more than {TOLERANCE:g}.")

    correct = int((predictions(deployed, x) == y).sum())
    written = card(recipe, curve, correct, len(y), sum(p.numel() for p in deployed.parameters()), content)
    write_atomically(models / f"{recipe.name}.onnx", content)
    write_atomically(models / f"{recipe.name}.json", (json.dumps(written, indent=2, ensure_ascii=False) + "\n").encode())
    print(f"{recipe.name}: {correct} of {len(y)} correct, {len(content)} bytes, sha256 {written['sha256']}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--all", action="store_true", help="every recipe; one whose checkpoint is finished is only exported")
    parser.add_argument("--data", type=Path, default=images_and_labels.DEBIAN, help="folder of the four IDX files")
    parser.add_argument("--checkpoints", type=Path, default=Path(__file__).parent / ".checkpoints")
    parser.add_argument("--models", type=Path, default=MODELS, help="where the ONNX files and cards go")
    arguments = parser.parse_args()
    by_name = {recipe.name: recipe for recipe in RECIPES}
    unknown = [name for name in arguments.names if name not in by_name]
    if unknown or not (arguments.names or arguments.all):
        parser.error(f"unknown: {', '.join(unknown)}" if unknown else f"name a network ({', '.join(by_name)}) or --all")
    for name in arguments.names or by_name:
        publish(by_name[name], arguments.data, arguments.checkpoints, arguments.models)


if __name__ == "__main__":
    main()
