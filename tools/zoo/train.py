"""Trains the networks of the zoo, from checkpoints, and writes each one's ONNX file and card.

python tools/zoo/train.py --all                  every recipe that is not finished yet
python tools/zoo/train.py resnet8-fashion        one of them

Interrupted at any moment, the same command goes on and ends with the same bytes (on one machine and PyTorch version).
"""

import argparse
import hashlib
import io
import json
import math
import os
import platform
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn
from torch.nn import functional as F

import data as zoo_data
from export import to_onnx
from files import write_atomically
from fold import folded
from recipes import RECIPES, Recipe

MODELS = Path(__file__).parents[2] / "packages/zoo/models"
MEAN, STD = 0.286, 0.353


def normalised(images: np.ndarray) -> torch.Tensor:
    """Bytes [n, 28, 28] as float32 [n, 1, 28, 28]: (x / 255 − mean) / std."""
    return ((torch.from_numpy(images.copy()).float() / 255 - MEAN) / STD).unsqueeze(1)


def augmented(batch: torch.Tensor, recipe: Recipe, random: torch.Generator) -> torch.Tensor:
    if recipe.augmentation == "none":
        return batch
    flip = torch.rand(len(batch), generator=random) < 0.5
    batch = torch.where(flip[:, None, None, None], batch.flip(3), batch)
    if recipe.augmentation == "flip":
        return batch
    size = batch.shape[2]
    padded = F.pad(batch, (2, 2, 2, 2), value=-MEAN / STD)
    rows = torch.randint(0, 5, (len(batch),), generator=random)[:, None] + torch.arange(size)
    columns = torch.randint(0, 5, (len(batch),), generator=random)[:, None] + torch.arange(size)
    return padded[torch.arange(len(batch))[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """One cycle: linear from 0 to the peak over `warmup` of the steps, linear back to 0."""
    rising = recipe.warmup * steps
    return recipe.learning_rate * ((step + 1) / rising if step < rising else (steps - step) / (steps - rising))


@torch.no_grad()
def predictions(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    return torch.cat([network(chunk).argmax(1) for chunk in images.split(500)])


def train(recipe: Recipe, data: Path, checkpoints: Path) -> tuple[nn.Module, list[dict], tuple[torch.Tensor, torch.Tensor]]:
    """The trained network, its curve (an entry an epoch), and the normalised test split."""
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    network = recipe.network()
    random = torch.Generator().manual_seed(recipe.seed)
    optimizer = torch.optim.SGD(
        network.parameters(), lr=0, momentum=recipe.momentum, nesterov=recipe.nesterov, weight_decay=recipe.weight_decay
    )
    curve: list[dict] = []

    images, labels = zoo_data.load(data, "train")
    test_images, test_labels = zoo_data.load(data, "t10k")
    x, y = normalised(images), torch.from_numpy(labels.copy()).long()
    test_x, test_y = normalised(test_images), torch.from_numpy(test_labels.copy()).long()

    checkpoint = checkpoints / f"{recipe.name}.pt"
    fingerprint = hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode()).hexdigest()
    if checkpoint.exists():
        state = torch.load(io.BytesIO(checkpoint.read_bytes()), weights_only=True)
        if state["recipe"] != fingerprint:
            raise SystemExit(f"{checkpoint} belongs to another version of the recipe '{recipe.name}'. Delete it to start over.")
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        random.set_state(state["random"])
        curve = state["curve"]

    batches = math.ceil(len(x) / recipe.batch_size)
    for epoch in range(len(curve), recipe.epochs):
        network.train()
        order = torch.randperm(len(x), generator=random)
        total = 0.0
        for index, chosen in enumerate(order.split(recipe.batch_size)):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(recipe, epoch * batches + index, recipe.epochs * batches)
            loss = F.cross_entropy(network(augmented(x[chosen], recipe, random)), y[chosen], label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        network.eval()
        accuracy = (predictions(network, test_x) == test_y).float().mean().item()
        curve.append({"epoch": epoch + 1, "trainLoss": round(total / len(x), 5), "testAccuracy": round(accuracy, 5)})
        print(recipe.name, curve[-1], flush=True)
        buffer = io.BytesIO()
        state = {
            "recipe": fingerprint,
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "random": random.get_state(),
            "curve": curve,
        }
        torch.save(state, buffer)
        write_atomically(checkpoint, buffer.getvalue())
    network.eval()
    return network, curve, (test_x, test_y)


def wilson(correct: int, total: int) -> list[float]:
    """95 % interval of a share (Wilson 1927)."""
    z = 1.959964
    p = correct / total
    centre = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return [round(centre - half, 5), round(centre + half, 5)]


def publish(recipe: Recipe, data: Path, checkpoints: Path) -> None:
    network, curve, (test_x, test_y) = train(recipe, data, checkpoints)
    deployed = folded(network)
    with torch.no_grad():
        drift = (deployed(test_x[:500]) - network(test_x[:500])).abs().max().item()
    assert drift < 1e-4, f"folding moved a logit by {drift}"
    content = to_onnx(deployed, test_x[:2])

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        gap = np.abs(session.run(None, {"input": test_x[:500].numpy()})[0] - deployed(test_x[:500]).numpy()).max()
    assert gap < 1e-4, f"the exported network differs from PyTorch's by {gap}"

    correct = int((predictions(deployed, test_x) == test_y).sum())
    card = {
        "name": recipe.name,
        "title": recipe.title,
        "family": recipe.family,
        "data": recipe.data,
        "preprocessing": {"scale": 255, "mean": [MEAN], "std": [STD]},
        "recipe": asdict(recipe),
        "curve": curve,
        "test": {
            "images": len(test_y),
            "correct": correct,
            "accuracy": correct / len(test_y),
            "interval95": wilson(correct, len(test_y)),
        },
        "parameters": sum(p.numel() for p in deployed.parameters()),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": "MIT",
        "command": f"python tools/zoo/train.py {recipe.name}",
        "versions": {
            "torch": torch.__version__,
            "onnx": onnx.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "notes": "The test split was looked at once an epoch for the curve and chose nothing. The 1,024 calibration images are part of the training split.",
    }
    write_atomically(MODELS / f"{recipe.name}.onnx", content)
    write_atomically(MODELS / f"{recipe.name}.json", (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode())
    print(f"{recipe.name}: {correct} of {len(test_y)} correct, {len(content)} bytes, sha256 {card['sha256']}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--all", action="store_true", help="every recipe whose card is missing")
    parser.add_argument("--data", type=Path, default=zoo_data.DEBIAN)
    parser.add_argument("--checkpoints", type=Path, default=Path(__file__).parent / ".checkpoints")
    arguments = parser.parse_args()
    by_name = {recipe.name: recipe for recipe in RECIPES}
    unknown = [name for name in arguments.names if name not in by_name]
    if unknown or not (arguments.names or arguments.all):
        parser.error(f"unknown: {', '.join(unknown)}" if unknown else f"name a network ({', '.join(by_name)}) or --all")
    names = arguments.names or [name for name in by_name if not (MODELS / f"{name}.json").exists()]
    for name in names:
        publish(by_name[name], arguments.data, arguments.checkpoints)


if __name__ == "__main__":
    main()
