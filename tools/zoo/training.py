"""One network, trained as its recipe says, from the last checkpoint on."""

import hashlib
import io
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from augmentation import augmented
from datasets import PREPROCESSING, Sources, load
from evaluation import predictions
from files import write_atomically
from fold import weight_tensors
from memory import keep_freed_memory
from recipes import Recipe


class Stopped(Exception):
    """A training was asked to stop; its last finished epoch is in the checkpoint."""


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """One cycle: linear from 0 to the peak over `warmup` of the steps, linear back to 0."""
    rising = recipe.warmup * steps
    return recipe.learning_rate * ((step + 1) / rising if step < rising else (steps - step) / (steps - rising))


def optimizer_of(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            network.parameters(), lr=0, momentum=recipe.momentum, nesterov=recipe.nesterov, weight_decay=recipe.weight_decay
        )
    decayed = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    return torch.optim.AdamW([{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0}], lr=0)


def smallest(network: nn.Module, fraction: float) -> dict[str, Tensor]:
    """By the name of each weight tensor, where it holds one of the smallest `fraction` of all weights."""
    weights = weight_tensors(network)
    sizes = torch.cat([weight.detach().abs().flatten() for _, weight in weights])
    threshold = sizes.kthvalue(round(fraction * len(sizes))).values
    return {name: weight.detach().abs() <= threshold for name, weight in weights}


@torch.no_grad()
def zero(network: nn.Module, where: dict[str, Tensor]) -> None:
    for name, weight in weight_tensors(network):
        if name in where:
            weight.masked_fill_(where[name], 0)


def train(recipe: Recipe, sources: Sources, checkpoints: Path, stopping: Callable[[], bool]) -> tuple[nn.Module, list[dict]]:
    """The trained network in evaluation mode, and its curve: an entry an epoch.

    A checkpoint after each epoch holds everything that the next one depends on, so a training that was killed ends with
    the same bytes as one that was not. Exits where a checkpoint belongs to another recipe.

    Raises Stopped after an epoch's checkpoint where `stopping` says so.
    """
    keep_freed_memory()
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    network = recipe.network()
    random = torch.Generator().manual_seed(recipe.seed)
    order = torch.channels_last if recipe.channels_last else torch.contiguous_format
    network = network.to(memory_format=order)
    optimizer = optimizer_of(recipe, network)
    pruned: dict[str, Tensor] = {}
    curve: list[dict] = []
    (x, y), (test_x, test_y) = (load(recipe.data, split, sources) for split in ("train", "test"))
    background = PREPROCESSING[recipe.data].background

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
        pruned = state["pruned"]
        curve = state["curve"]

    batches = math.ceil(len(x) / recipe.batch_size)
    for epoch in range(len(curve), recipe.epochs):
        network.train()
        started, total = time.process_time(), 0.0
        if recipe.pruning and epoch == recipe.pruning.after:
            pruned = smallest(network, recipe.pruning.fraction)
            zero(network, pruned)
        for index, chosen in enumerate(torch.randperm(len(x), generator=random).split(recipe.batch_size)):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(recipe, epoch * batches + index, recipe.epochs * batches)
            batch = augmented(x[chosen], recipe.augmentation, background, random).contiguous(memory_format=order)
            loss = F.cross_entropy(network(batch), y[chosen], label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            zero(network, pruned)
            total += loss.item() * len(chosen)
        network.eval()
        accuracy = (predictions(network, test_x) == test_y).float().mean().item()
        curve.append({"epoch": epoch + 1, "trainLoss": round(total / len(x), 5), "testAccuracy": round(accuracy, 5)})
        print(recipe.name, curve[-1], f"{time.process_time() - started:.0f} s", flush=True)
        buffer = io.BytesIO()
        state = {
            "recipe": fingerprint,
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "random": random.get_state(),
            "globalRandom": torch.get_rng_state(),
            "pruned": pruned,
            "curve": curve,
        }
        torch.save(state, buffer)
        write_atomically(checkpoint, buffer.getvalue())
        if stopping():
            raise Stopped(f"{recipe.name} stopped after epoch {epoch + 1} of {recipe.epochs}")
    return network.eval(), curve
