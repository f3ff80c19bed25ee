"""Cells of the ground truth, recomputed from the published rules alone: numpy draws the weights, PyTorch runs the networks.

python tools/reference/cells.py    writes packages/bench/test/fixtures/cells.json; minutes on one core

Nothing of packages/ runs here. Of a perturbed weight the first 16 hex digits of the SHA-256 of its float32 bytes are kept; of the images, in the
order of the protocol, which are classified correctly (a bit each, in hex, the first image first), and on which of them sound runtimes may differ:
ties, whose two largest logits lie within 1e-5, and overflows, where a value on the way became infinite or NaN (a variance of values beyond 10¹⁹
does: one runtime's LayerNormalization makes NaN of it, another's 0). Beside the cells, what the perturbed layers' outputs range over on
calibration images.
Needs what requirements.txt lists; a PyTorch without CUDA will do.
"""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from onnx_torch import Network
from perturbations import OF_ACTIVATIONS, OF_WEIGHTS, Perturbation
from perturbations.activation import Spread
from perturbations.weight import Weight
from streams import Stream, stratified_order

PACKAGES = Path(__file__).parents[2] / "packages"
FIXTURE = PACKAGES / "bench/test/fixtures/cells.json"
DATA = "fashion-mnist"
IMAGES = 200
EXAMPLES = 256
"""Calibration images that a layer's output is looked at on."""
TIE = 1e-5

LAYERS = {
    "lenet-fashion": ["conv1", "conv2", "conv3", "fc1", "fc2"],
    "resnet8-fashion": ["stem", "stage1.block0.conv2", "stage2.block0.shortcut", "stage3.block0.conv1", "fc"],
    "resnet20-narrow-fashion": ["stem", "stage1.block1.conv1", "stage2.block0.shortcut", "stage2.block2.conv2", "stage3.block2.conv1"],
    "vit6-fashion": ["patches", "blocks.block0.attention.qkv", "blocks.block2.attention.out", "blocks.block4.mlp.fc2", "fc"],
    "mobilenet-fashion": ["stem", "stage1.block0.depthwise", "stage2.block1.expand", "stage3.block1.depthwise", "head"],
}


@cache
def labelled_images(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Bytes [n, 1, 28, 28] and labels [n] of the IDX files that ship."""
    folder = PACKAGES / f"zoo/data/{DATA}"
    pixels = gzip.decompress((folder / f"{split}-images.idx3.gz").read_bytes())[16:]
    labels = gzip.decompress((folder / f"{split}-labels.idx1.gz").read_bytes())[8:]
    return np.frombuffer(pixels, np.uint8).reshape(-1, 1, 28, 28), np.frombuffer(labels, np.uint8)


class Model:
    def __init__(self, name: str) -> None:
        self.name = name
        content = self.file(name).read_bytes()
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.network = Network(content)
        self.card = json.loads((PACKAGES / f"zoo/models/{name}.json").read_text())
        initial = self.file(f"{name}.initial")
        self.initial = Network(initial.read_bytes()).stored if initial.exists() else {}
        self.spreads: dict[str, Spread] = {}

    @staticmethod
    def file(name: str) -> Path:
        shipped = PACKAGES / f"zoo/models/{name}.onnx"
        return shipped if shipped.exists() else PACKAGES / f"zoo-networks/networks/{name}.onnx"

    def first_images(self, split: str, data: str, count: int) -> tuple[Tensor, np.ndarray]:
        """As the network takes them, in the order of the protocol, with their labels."""
        pixels, labels = labelled_images(split)
        order = stratified_order(labels, data)[:count]
        how = self.card["preprocessing"]
        mean, std = (np.array(how[key]).reshape(1, -1, 1, 1) for key in ("mean", "std"))
        return torch.from_numpy(((pixels[order] / how["scale"] - mean) / std).astype(np.float32)), labels[order]

    @cached_property
    def test(self) -> tuple[Tensor, np.ndarray]:
        return self.first_images("test", DATA, IMAGES)

    @cached_property
    def calibration(self) -> Tensor:
        return self.first_images("calibration", f"{DATA}/calibration", EXAMPLES)[0]

    def user_of(self, layer: str):
        """The node that reads the layer's weight first, and its attributes."""
        return next((node, attributes) for node, attributes in self.network.nodes if layer in list(node.input[:2]))

    def weight(self, layer: str) -> Weight:
        node, attributes = self.user_of(layer)
        values, initial = (stored[layer].numpy().astype(np.float64) if layer in stored else None for stored in (self.network.stored, self.initial))
        return Weight(values, node.op_type, attributes.get("group", 1), bool(attributes.get("transB")), initial)

    def spread(self, layer: str) -> Spread:
        """Of what the layer makes of calibration images, all channels together."""
        if layer not in self.spreads:
            output = self.network.run(self.calibration, wanted=self.user_of(layer)[0].output[0]).numpy().astype(np.float64)
            self.spreads[layer] = Spread(output.min(), output.max(), output.std())
        return self.spreads[layer]

    def stream(self, layer: str, perturbation: str, version: int, intensity: float, repeat: int, *image: str | int) -> Stream:
        return Stream("loadbearing/v1", "truth", self.sha256, layer, perturbation, version, intensity, repeat, *image)


def outcome(model: Model, **replaced) -> dict:
    """The class is that of the largest logit, the first among equals; a NaN or infinite one makes the image wrong."""
    images, labels = model.test
    finite = np.ones(len(labels), bool)

    def watch(made: Tensor) -> None:
        if made.is_floating_point() and made.ndim > 1 and len(made) == len(labels):
            finite[:] &= made.isfinite().flatten(1).all(1).numpy()

    scores = model.network.run(images, **replaced, watch=watch).numpy()
    correct = np.isfinite(scores).all(1) & (scores.argmax(1) == labels)
    second, largest = np.sort(scores, 1)[:, -2:].T
    with np.errstate(invalid="ignore"):
        ties = finite & (largest - second <= TIE)
    return {
        "images": len(labels),
        "correct": int(correct.sum()),
        "outcomes": np.packbits(correct).tobytes().hex(),
        "ties": np.flatnonzero(ties).tolist(),
        "overflows": np.flatnonzero(~finite).tolist(),
    }


def weight_cell(model: Model, name: str, layer: str, intensity: float, repeat: int) -> dict:
    perturbation = OF_WEIGHTS[name]
    stream = model.stream(layer, name, perturbation.version, intensity, repeat)
    values = perturbation.apply(model.weight(layer), intensity, stream).astype("<f4")
    digest = hashlib.sha256(values.tobytes()).hexdigest()[:16]
    return {**outcome(model, weights={layer: torch.from_numpy(values.copy())}), "weight": digest}


def activation_cell(model: Model, name: str, layer: str, intensity: float, repeat: int) -> dict:
    perturbation = OF_ACTIVATIONS[name]
    spread = model.spread(layer)

    def changed(output: Tensor) -> Tensor:
        values = output.numpy().astype(np.float64)
        streams = [model.stream(layer, name, perturbation.version, intensity, repeat, "image", image) for image in range(len(values))]
        made = perturbation.apply(values.reshape(len(values), -1), intensity, spread, streams)
        return torch.from_numpy(made.astype(np.float32).reshape(values.shape))

    return {**outcome(model, change={model.user_of(layer)[0].output[0]: changed}), "weight": None}


def cells_of(model: Model, turn: int) -> Iterator[dict]:
    """Three cells a perturbation, each a layer, a level and a repeat further than the last, from network to network."""
    layers = [f"{layer}.weight" for layer in LAYERS[model.name]]
    measured: list[tuple[dict[str, Perturbation], Callable[..., dict]]] = [(OF_WEIGHTS, weight_cell), (OF_ACTIVATIONS, activation_cell)]
    for perturbations, measure in measured:
        for number, (name, perturbation) in enumerate(perturbations.items()):
            if name == "initial-reset" and not model.initial:
                continue
            for step in range(3 * turn, 3 * turn + 3):
                cell = {
                    "layer": layers[(number + step) % len(layers)],
                    "intensity": perturbation.levels[step % len(perturbation.levels)],
                    "repeat": step % 4 if perturbation.stochastic else 0,
                }
                named = {"model": model.name, "perturbation": name, "version": perturbation.version, **cell}
                yield {**named, **measure(model, name, **cell)}


def rows(values: list[dict]) -> str:
    return "[\n" + ",\n".join(json.dumps(value, separators=(",", ":")) for value in values) + "\n]"


torch.set_num_threads(1)
cells, spreads = [], []
for turn, name in enumerate(LAYERS):
    model = Model(name)
    made = list(cells_of(model, turn))
    cells += made
    spreads += [{"model": name, "layer": layer, "low": s.low, "high": s.high, "std": s.std} for layer, s in model.spreads.items()]
    ties, overflows = (sum(len(cell[kind]) for cell in made) for kind in ("ties", "overflows"))
    print(f"{name}: {len(made)} cells, {sum(cell['correct'] for cell in made) / len(made):.1f} of {IMAGES} correct on average, {ties} ties, {overflows} overflows", flush=True)
FIXTURE.parent.mkdir(parents=True, exist_ok=True)
FIXTURE.write_text(f'{{"torch":"{torch.__version__}","spreads":{rows(spreads)},"cells":{rows(cells)}}}\n')
