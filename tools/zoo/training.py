"""One network, trained as its recipe says, from the last checkpoint on."""

import hashlib
import io
import json
import math
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

import data as images_and_labels
from augmentation import augmented
from evaluation import predictions
from files import write_atomically
from preprocessing import BACKGROUND, normalised
from recipes import Recipe


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """One cycle: linear from 0 to the peak over `warmup` of the steps, linear back to 0."""
    rising = recipe.warmup * steps
    return recipe.learning_rate * ((step + 1) / rising if step < rising else (steps - step) / (steps - rising))


def train(recipe: Recipe, data: Path, checkpoints: Path) -> tuple[nn.Module, list[dict]]:
    """The trained network in evaluation mode, and its curve: an entry an epoch.

    A checkpoint after each epoch holds everything that the next one depends on, so a training that was killed ends with
    the same bytes as one that was not. Exits where a checkpoint belongs to another recipe.
    """
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    network = recipe.network()
    random = torch.Generator().manual_seed(recipe.seed)
    optimizer = torch.optim.SGD(
        network.parameters(), lr=0, momentum=recipe.momentum, nesterov=recipe.nesterov, weight_decay=recipe.weight_decay
    )
    curve: list[dict] = []

    images, labels = images_and_labels.load(data, "train")
    test_images, test_labels = images_and_labels.load(data, "t10k")
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
        torch.set_rng_state(state["globalRandom"])
        curve = state["curve"]

    batches = math.ceil(len(x) / recipe.batch_size)
    for epoch in range(len(curve), recipe.epochs):
        network.train()
        total = 0.0
        for index, chosen in enumerate(torch.randperm(len(x), generator=random).split(recipe.batch_size)):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(recipe, epoch * batches + index, recipe.epochs * batches)
            batch = augmented(x[chosen], recipe.augmentation, BACKGROUND, random)
            loss = F.cross_entropy(network(batch), y[chosen], label_smoothing=recipe.label_smoothing)
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
            "globalRandom": torch.get_rng_state(),
            "curve": curve,
        }
        torch.save(state, buffer)
        write_atomically(checkpoint, buffer.getvalue())
    return network.eval(), curve
