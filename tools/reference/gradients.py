"""Gradients and Hessian products of the shipped networks and of two small ones, by PyTorch in float64. No code of packages/tfjs takes
part.

python tools/reference/gradients.py    writes packages/tfjs/test/fixtures/gradients.json, depthwise.onnx and attention.onnx
"""

import base64
import json
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from onnx_torch import Network

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "packages/zoo/models"
FIXTURES = ROOT / "packages/tfjs/test/fixtures"
EXAMPLES = 6
#: Of every tensor, so many values at most, evenly spaced.
SAMPLE = 96
#: Where between what it makes of zeros and of an example a layer is put.
ALPHA = 0.3


def drawn(seed: int, shape: list[int]) -> Tensor:
    """Numbers from -2 to 2 by Park and Miller's generator, which the tests run, too."""
    values = np.empty(int(np.prod(shape)), np.float32)
    for i in range(len(values)):
        seed = seed * 48271 % 2147483647
        values[i] = (seed / 2147483647 - 0.5) * 4
    return torch.from_numpy(values.reshape(shape)).double()


class Builder:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []
        self.rng = np.random.default_rng(6)

    def weight(self, name: str, *shape: int, fan: int) -> str:
        values = self.rng.normal(size=shape) / np.sqrt(fan)
        self.stored.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def constant(self, name: str, value: np.ndarray) -> str:
        self.stored.append(numpy_helper.from_array(value, name))
        return name

    def node(self, op: str, *inputs: str, to: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(op, inputs, [to], name=to, **attributes))
        return to

    def conv(self, name: str, x: str, shape: list[int], stride: int = 1, pad: int = 1, group: int = 1) -> str:
        weight = self.weight(f"{name}.weight", *shape, fan=int(np.prod(shape[1:])))
        bias = self.weight(f"{name}.bias", shape[0], fan=10)
        return self.node(
            "Conv", x, weight, bias, to=name,
            kernel_shape=shape[2:], strides=[stride] * 2, pads=[pad] * 4, dilations=[1, 1], group=group,
        )  # fmt: skip

    def norm(self, name: str, x: str, width: int) -> str:
        scale = self.constant(f"{name}.weight", self.rng.uniform(0.5, 1.5, width).astype(np.float32))
        return self.node("LayerNormalization", x, scale, self.weight(f"{name}.bias", width, fan=10), to=name, axis=-1, epsilon=1e-5)

    def dense(self, name: str, x: str, inputs: int, outputs: int) -> str:
        return self.node("MatMul", x, self.weight(f"{name}.weight", inputs, outputs, fan=inputs), to=name)

    def write(self, path: Path, input_shape: list[int]) -> None:
        images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", *input_shape])
        scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 10])
        graph = helper.make_graph(self.nodes, path.stem, [images], [scores], self.stored)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString())


def head(b: Builder, x: str, width: int, axes: list[int]) -> None:
    pooled = b.node("ReduceMean", x, to="pooled", axes=axes, keepdims=0)
    weight, bias = b.weight("head.weight", 10, width, fan=width), b.weight("head.bias", 10, fan=10)
    b.node("Gemm", pooled, weight, bias, to="scores", transB=1)


def depthwise() -> None:
    b = Builder()
    low, high = b.constant("low", np.float32(0)), b.constant("high", np.float32(6))
    x = b.conv("stem", "images", [8, 1, 3, 3])
    x = b.node("Clip", x, low, high, to="stem.active")
    x = b.conv("deep1", x, [8, 1, 3, 3], stride=2, group=8)
    x = b.node("Clip", x, low, high, to="deep1.active")
    x = b.conv("point1", x, [12, 8, 1, 1], pad=0)
    y = b.conv("deep2", x, [24, 1, 3, 3], group=12)
    y = b.node("Relu", y, to="deep2.active")
    y = b.conv("point2", y, [12, 24, 1, 1], pad=0)
    x = b.node("Add", x, y, to="sum")
    x = b.node("MaxPool", x, to="pool", kernel_shape=[3, 3], strides=[2, 2], pads=[0] * 4, dilations=[1, 1], ceil_mode=0)
    head(b, x, 12, [2, 3])
    b.write(FIXTURES / "depthwise.onnx", [1, 12, 12])


def attention(width: int = 16, heads: int = 2, tokens: int = 9) -> None:
    b = Builder()
    x = b.conv("patches", "images", [width, 1, 4, 4], stride=4, pad=0)
    x = b.node("Reshape", x, b.constant("flat", np.array([0, width, tokens])), to="tokens")
    x = b.node("Transpose", x, to="sequence", perm=[0, 2, 1])
    x = b.node("Add", x, b.weight("positions", 1, tokens, width, fan=2), to="placed")
    n = b.norm("norm1", x, width)
    split, merged = (
        b.constant("split", np.array([0, tokens, heads, width // heads])),
        b.constant("merged", np.array([0, tokens, width])),
    )
    parts = {}
    for part in ("query", "key", "value"):
        made = b.node("Reshape", b.dense(part, n, width, width), split, to=f"{part}.heads")
        parts[part] = b.node("Transpose", made, to=f"{part}.apart", perm=[0, 2, 3, 1] if part == "key" else [0, 2, 1, 3])
    scores = b.node("MatMul", parts["query"], parts["key"], to="products")
    scores = b.node("Div", scores, b.constant("root", np.float32(np.sqrt(width / heads))), to="scaled")
    scores = b.node("Softmax", scores, to="attention", axis=-1)
    y = b.node("Transpose", b.node("MatMul", scores, parts["value"], to="mixed"), to="together", perm=[0, 2, 1, 3])
    y = b.dense("out", b.node("Reshape", y, merged, to="joined"), width, width)
    x = b.node("Add", x, y, to="residual1")
    y = b.dense("wide", b.norm("norm2", x, width), width, 2 * width)
    half = b.node("Erf", b.node("Div", y, b.constant("root2", np.float32(np.sqrt(2))), to="gelu.scaled"), to="gelu.erf")
    half = b.node("Add", half, b.constant("one", np.float32(1)), to="gelu.shifted")
    y = b.node("Mul", b.node("Mul", y, half, to="gelu.twice"), b.constant("half", np.float32(0.5)), to="gelu")
    x = b.node("Add", x, b.dense("narrow", y, 2 * width, width), to="residual2")
    head(b, x, width, [1])
    b.write(FIXTURES / "attention.onnx", [1, 12, 12])


def sampled(tensor: Tensor) -> dict[str, object]:
    values = tensor.detach().flatten()
    places = np.linspace(0, len(values) - 1, min(SAMPLE, len(values))).astype(int)
    data = values[places].numpy().astype("<f4").tobytes()
    return {"norm": float(values.norm()), "values": base64.b64encode(data).decode()}


def layers_of(network: Network) -> list[tuple[str, str, str]]:
    """Name of the weight, of what its node reads, and of what it makes."""
    found = []
    for node, _ in network.nodes:
        if node.op_type in ("Conv", "Gemm", "MatMul") and node.input[1] in network.stored:
            found.append((node.input[1], node.input[0], node.output[0]))
    return found


def reference(path: Path) -> dict[str, object]:
    network = Network(path.read_bytes())
    network.stored = {name: value.double() if value.is_floating_point() else value for name, value in network.stored.items()}
    layers = layers_of(network)
    weights = {name: network.stored[name].requires_grad_() for name, _, _ in layers}
    declared = onnx.load(path).graph.input[0].type.tensor_type.shape.dim
    images = drawn(1, [EXAMPLES, *(size.dim_value for size in declared[1:])]).requires_grad_()
    labels = torch.arange(EXAMPLES) * 3 % 10

    seen = {network.input: images}
    for _, reads, makes in layers:
        for name in (reads, makes):
            seen.setdefault(name, None)

    def keep(name: str):
        def kept(made: Tensor) -> Tensor:
            seen[name] = made
            return made

        return kept

    logits = network.compute(images, change={name: keep(name) for name in seen if name != network.input})
    losses = F.cross_entropy(logits, labels, reduction="none")
    chosen = logits[torch.arange(EXAMPLES), labels]

    def by_layer(of: Tensor, **more: bool) -> list[Tensor]:
        return list(torch.autograd.grad(of, list(weights.values()), retain_graph=True, **more))

    loss = by_layer(losses.mean(), create_graph=True)
    direction = [drawn(2 + i, list(weight.shape)) for i, weight in enumerate(weights.values())]
    product = by_layer(sum((g * v).sum() for g, v in zip(loss, direction)))
    alone = torch.autograd.grad((loss[0] * direction[0]).sum(), [next(iter(weights.values()))], retain_graph=True)
    around = torch.autograd.grad(losses.sum(), list(seen.values()), retain_graph=True)

    second, _, makes = layers[1]
    halved = (network.stored[second].detach() / 2).requires_grad_()
    at_half = F.cross_entropy(network.compute(images, {second: halved}), labels)
    baseline = network.compute(torch.zeros_like(images), wanted=makes).detach()
    between = (baseline + ALPHA * (seen[makes].detach() - baseline)).requires_grad_()
    within = F.cross_entropy(network.compute(images, change={makes: lambda made: between}), labels, reduction="sum")
    return {
        "name": path.stem,
        "layers": list(weights),
        "labels": labels.tolist(),
        "logits": sampled(logits),
        "loss": [sampled(each) for each in loss],
        "trueLogit": [sampled(each) for each in by_layer(chosen.mean())],
        "logit4": [sampled(each) for each in by_layer(logits[:, 4].mean())],
        "lastExample": [sampled(each) for each in by_layer(losses[-1])],
        "hessianProduct": [sampled(each) for each in product],
        "firstLayerAlone": sampled(alone[0]),
        "activations": {name: sampled(each) for name, each in zip(seen, around)},
        "reads": [reads for _, reads, _ in layers],
        "makes": [makes for _, _, makes in layers],
        "halved": sampled(*torch.autograd.grad(at_half, [halved])),
        "within": sampled(*torch.autograd.grad(within, [between])),
        "flow": [sampled(each) for each in flow_gradients(network, list(weights), images.shape[1:])],
    }


def flow_gradients(network: Network, layers: list[str], shape: torch.Size) -> tuple[Tensor, ...]:
    """SynFlow (Tanaka et al. 2020): every parameter by its magnitude, an input of ones, the sum of the logits."""
    parameters = {name: value for name, value in network.stored.items() if value.is_floating_point() and value.numel() > 1}
    magnitudes = {name: value.detach().abs().requires_grad_() for name, value in parameters.items()}
    total = network.compute(torch.ones([1, *shape]).double(), magnitudes).sum()
    return torch.autograd.grad(total, [magnitudes[name] for name in layers])


def main() -> None:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    depthwise()
    attention()
    paths = [*sorted(MODELS.glob("*.onnx")), FIXTURES / "depthwise.onnx", FIXTURES / "attention.onnx"]
    lines = ",\n".join(json.dumps(reference(path)) for path in paths)
    (FIXTURES / "gradients.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
