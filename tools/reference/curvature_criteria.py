"""Criteria of curvature on a network of the zoo, by PyTorch in float64. No code of the project takes part.

python tools/reference/curvature_criteria.py    writes packages/bench/test/fixtures/curvature-criteria.json
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from gradients import MODELS, drawn, layers_of
from onnx_torch import Network

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "packages/bench/test/fixtures/curvature-criteria.json"
EXAMPLES = 12


def rounded(weight: Tensor) -> Tensor:
    """To whole multiples of a seventh of the largest magnitude, kept in single precision: the perturbation that is predicted."""
    step = weight.abs().max() / 7
    return (torch.floor(weight / step + 0.5) * step).float().double()


def added(network: Network, layer: str, read: Tensor, change: Tensor) -> Tensor:
    """What a layer makes more with this change of its weight."""
    node, a = next((node, a) for node, a in network.nodes if layer in node.input)
    if node.op_type == "Gemm":
        return F.linear(read, change if a.get("transB") else change.T)
    return F.conv2d(read, change, None, a["strides"], a["pads"][:2], a["dilations"], a["group"])


def reference(name: str) -> dict[str, object]:
    network = Network((MODELS / f"{name}.onnx").read_bytes())
    network.stored = {key: value.double() if value.is_floating_point() else value for key, value in network.stored.items()}
    layers = layers_of(network)
    weights = [network.stored[layer].requires_grad_() for layer, _, _ in layers]
    images = drawn(1, [EXAMPLES, 1, 28, 28])
    labels = torch.arange(EXAMPLES) * 3 % 10
    seen: dict[str, Tensor] = {network.input: images}
    keep = lambda name: lambda tensor: seen.setdefault(name, tensor)
    logits = network.compute(images, change={name: keep(name) for _, *around in layers for name in around if name != network.input})
    losses = F.cross_entropy(logits, labels, reduction="none")
    each = [torch.autograd.grad(loss, weights, retain_graph=True) for loss in losses]
    around = torch.autograd.grad(losses.sum(), [seen[made] for _, _, made in layers], retain_graph=True)

    # A network of ReLU and maxima is piecewise linear in the weights of one layer: its block of the Hessian is A' A / n, with a row of A
    # an example and a class, the root of the second derivative of the loss with respect to the logits times their derivatives.
    roots = [[] for _ in weights]
    for n, p in enumerate(logits.softmax(1).detach()):
        rows = [torch.autograd.grad(logit, weights, retain_graph=True) for logit in logits[n]]
        for layer in range(len(weights)):
            jacobian = torch.stack([row[layer].flatten() for row in rows])
            roots[layer].append((torch.diag(p.sqrt()) - torch.outer(p.sqrt(), p)) @ jacobian)
    roots = [torch.cat(root) / EXAMPLES**0.5 for root in roots]

    flowing = torch.autograd.grad(losses.mean(), weights, create_graph=True)
    found: dict[str, list[float]] = {}
    for i, (layer, read, _) in enumerate(layers):
        weight, root = weights[i].detach(), roots[i]
        direction = drawn(2 + i, list(weight.shape))
        (product,) = torch.autograd.grad((flowing[i] * direction).sum(), [weights[i]], retain_graph=True)
        assert torch.allclose(product.flatten(), root.T @ (root @ direction.flatten()), rtol=1e-9, atol=1e-12)
        diagonal = (root**2).sum(0).reshape(weight.shape)
        fisher = sum(g[i] ** 2 for g in each) / EXAMPLES
        change = rounded(weight) - weight
        moved = added(network, layer, seen[read].detach(), change)
        scores = {
            "hutchinson-trace": diagonal.sum(),
            "top-eigenvalue": torch.linalg.eigvalsh(root @ root.T)[-1],
            "obd-diagonal": (diagonal * weight**2).sum() / 2,
            "obd-error": (diagonal * change**2).sum() / 2,
            "hawq-v2": diagonal.mean() * (change**2).sum(),
            "fit": fisher.sum() * (change**2).mean(),
            "fisher-error": (fisher * change**2).sum(),
            "local-output-error": (moved**2).sum() / EXAMPLES,
            "squared-gradient-error": ((moved * around[i]) ** 2).sum() / EXAMPLES,
        }
        for criterion, score in scores.items():
            found.setdefault(criterion, []).append(float(score))
    return {"model": name, "layers": [layer for layer, _, _ in layers], "scores": found}


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps([reference("lenet-fashion"), reference("resnet8-fashion")], indent=1) + "\n")
