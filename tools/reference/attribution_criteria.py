"""Criteria of attribution on networks of the zoo, by PyTorch and Captum in float64. No code of the project takes part.

python tools/reference/attribution_criteria.py    writes packages/bench/test/fixtures/attribution-criteria.json

Needs captum beside requirements.txt. Prints how far, at the most, the signed sum of a layer is from what the logit gains.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import torch
import torch.nn.functional as F
from captum.attr import (
    InternalInfluence,
    LayerConductance,
    LayerDeepLift,
    LayerGradCam,
    LayerGradientXActivation,
    LayerIntegratedGradients,
)
from torch import Tensor, nn

from gradients import MODELS, drawn, layers_of
from onnx_torch import OPERATORS, Network

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "packages/bench/test/fixtures/attribution-criteria.json"
EXAMPLES = 12
#: As the criteria have them by default.
STEPS, PARTS = 8, 16


class Modules(nn.Module):
    """The network, with a module in the place of every layer's output, as Captum wants it."""

    def __init__(self, network: Network, outputs: list[str]) -> None:
        super().__init__()
        self.network = network
        self.at = nn.ModuleDict({self.key(name): nn.Identity() for name in outputs})
        self.change = {name: self.at[self.key(name)] for name in outputs}

    @staticmethod
    def key(name: str) -> str:
        return name.replace(".", "_").replace("/", "_")

    def forward(self, images: Tensor) -> Tensor:
        return self.network.compute(images, change=self.change)


class Maxima(torch.autograd.Function):
    """
    Maxima over windows of examples and their baselines, in one batch after the other, whose gradient is the mean of those at many points
    of the straight way between both. Captum's own gives what is lost to the place of the baseline's maximum; all are equal, of zeros.
    """

    POINTS = 2000

    @staticmethod
    def forward(ctx, both: Tensor, size: list[int], strides: list[int]) -> Tensor:
        ctx.save_for_backward(both)
        ctx.window = size, strides
        return F.max_pool2d(both, size, strides)

    @staticmethod
    def backward(ctx, handed: Tensor):
        example, baseline = ctx.saved_tensors[0].chunk(2)
        mean = torch.zeros_like(example)
        for point in range(Maxima.POINTS):
            with torch.enable_grad():
                at = torch.lerp(baseline, example, (point + 0.5) / Maxima.POINTS).requires_grad_()
                made = F.max_pool2d(at, *ctx.window)
            mean += torch.autograd.grad(made, at, handed.chunk(2)[0])[0] / Maxima.POINTS
        return torch.cat([mean, mean]), None, None


class Rescalable(Modules):
    """The same, with a module in the place of every ReLU, whose slopes Captum's DeepLift changes, and maxima as above."""

    def __init__(self, network: Network, outputs: list[str]) -> None:
        apart = deepcopy(network)
        functions: dict[str, nn.Module] = {}
        maxima: dict[str, Callable[[Tensor], Tensor]] = {}
        for node, a in apart.nodes:
            if node.op_type == "Relu":
                functions[node.output[0]] = nn.ReLU()
            elif node.op_type == "MaxPool":
                maxima[node.output[0]] = lambda both, a=a: Maxima.apply(both, a["kernel_shape"], a["strides"])
            else:
                continue
            node.op_type = "Identity"
        # Captum hooks what functions read, which must have a gradient.
        apart.stored = {key: value.requires_grad_(value.is_floating_point()) for key, value in apart.stored.items()}
        super().__init__(apart, outputs)
        self.functions = nn.ModuleDict({self.key(name): module for name, module in functions.items()})
        self.change |= functions | maxima


def plain_relevance(network: Network, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """
    Layer-wise relevance propagation by the plain rule, node by node, from the true class's logit: what a node makes is shared out
    among what it reads in proportion to what each adds, a bias keeping its share; ReLU hands on what it gets, a maximum all to the
    largest. By name of the tensor.
    """
    values = {**network.stored, network.input: images}
    for node, a in network.nodes:
        values[node.output[0]] = network.compute(images, wanted=node.output[0])
    logits = values[network.output]
    relevance = {network.output: logits * F.one_hot(labels, logits.shape[1])}
    for node, a in reversed(network.nodes):
        handed = relevance[node.output[0]]
        add = lambda name, r: relevance.__setitem__(name, relevance[name] + r if name in relevance else r)
        reads = [name for name in node.input if name and name not in network.stored]
        made = values[node.output[0]]
        if node.op_type == "Relu":
            add(reads[0], handed)
            continue
        if node.op_type not in ("Conv", "Gemm", "Add", "MaxPool", "ReduceMean", "Flatten", "Reshape"):
            raise NotImplementedError(node.op_type)
        # z = Σ_i z_i: the share of input i is x_i ∂z/∂x_i / z.
        leaves = [values[name].detach().requires_grad_() for name in reads]
        given = {**values, **dict(zip(reads, leaves))}
        again = OPERATORS[node.op_type]([given[name] for name in node.input if name], a)
        share = torch.where(made == 0, 0, handed / made)
        for name, leaf, gradient in zip(reads, leaves, torch.autograd.grad(again, leaves, share)):
            add(name, leaf.detach() * gradient)
    return relevance


def summed(each: Tensor) -> float:
    return float(each.abs().sum() / EXAMPLES)


def reference(name: str) -> dict[str, object]:
    network = Network((MODELS / f"{name}.onnx").read_bytes())
    network.stored = {key: value.double() if value.is_floating_point() else value for key, value in network.stored.items()}
    layers = layers_of(network)
    outputs = [makes for _, _, makes in layers]
    model, rescalable = Modules(network, outputs), Rescalable(network, outputs)
    images = drawn(1, [EXAMPLES, 1, 28, 28])
    zeros = torch.zeros_like(images)
    labels = torch.arange(EXAMPLES) * 3 % 10
    own = lambda of: model(of)[torch.arange(EXAMPLES), labels].detach()
    gain = own(images) - own(zeros)
    found: dict[str, list[float]] = {key: [] for key in (
        "integrated-gradients", "layer-conductance", "internal-influence", "internal-influence-mean", "grad-cam",
        "grad-cam-mean", "gradient-times-output", "integrated-removal", "deeplift-rescale",
    )}
    relevance = plain_relevance(network, images, labels)
    worst = {"integrated": 0.0, "conductance": 0.0, "rescale": 0.0}
    for weight, _, makes in layers:
        at = model.change[makes]
        integrated = LayerIntegratedGradients(model, at).attribute(images, zeros, labels, n_steps=STEPS, method="riemann_middle")
        found["integrated-gradients"].append(summed(integrated))
        conductance = LayerConductance(model, at)
        through = lambda steps: (
            conductance.attribute(images, zeros, labels, n_steps=steps, method="riemann_trapezoid")
            - conductance.attribute(zeros, images, labels, n_steps=steps, method="riemann_trapezoid")
        ).detach() / 2
        found["layer-conductance"].append(summed(through(PARTS)))
        influence = InternalInfluence(model, at).attribute(images, zeros, labels, n_steps=PARTS, method="riemann_middle")
        found["internal-influence"].append(summed(influence))
        found["internal-influence-mean"].append(float(influence.abs().mean()))
        cam = LayerGradCam(model, at).attribute(images, labels, relu_attributions=True)
        found["grad-cam"].append(summed(cam))
        found["grad-cam-mean"].append(float(cam.abs().mean()))
        times = LayerGradientXActivation(model, at).attribute(images, labels)
        found["gradient-times-output"].append(summed(times))
        torch.testing.assert_close(times.detach(), relevance[makes].detach(), rtol=1e-6, atol=1e-9)
        rescaled = LayerDeepLift(rescalable, rescalable.change[makes]).attribute(images, zeros, labels)
        found["deeplift-rescale"].append(summed(rescaled))
        total = torch.zeros_like(network.stored[weight])
        for step in range(STEPS):
            scaled = (network.stored[weight] * (step + 0.5) / STEPS).requires_grad_()
            loss = F.cross_entropy(network.compute(images, {weight: scaled}), labels)
            total += torch.autograd.grad(loss, [scaled])[0] / STEPS
        found["integrated-removal"].append(float((network.stored[weight] * total).abs().sum()))

        at_baseline = network.compute(zeros, wanted=makes).detach()
        without = network.compute(images, change={makes: lambda made: at_baseline})[torch.arange(EXAMPLES), labels].detach()
        off = lambda made, expected: float((made.flatten(1).sum(1) - expected).norm() / expected.norm())
        worst["integrated"] = max(worst["integrated"], off(integrated.detach(), own(images) - without))
        if "resnet" not in name:
            worst["conductance"] = max(worst["conductance"], off(through(PARTS), gain))
            worst["rescale"] = max(worst["rescale"], off(rescaled.detach(), gain))
    print(name, worst)
    return {"model": name, "layers": [layer for layer, _, _ in layers], **found}


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps([reference("lenet-fashion"), reference("resnet8-fashion")], indent=1) + "\n")
