"""Criteria of gradients and curvature on a network of the zoo, by PyTorch in float64. No code of the project takes part.

python tools/reference/gradient_criteria.py    writes packages/bench/test/fixtures/gradient-criteria.json and flow-criteria.json
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from gradients import MODELS, drawn, flow_gradients, layers_of
from onnx_torch import Network

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "packages/bench/test/fixtures/gradient-criteria.json"
FLOWS = ROOT / "packages/bench/test/fixtures/flow-criteria.json"
FETCHED = ROOT / "packages/zoo-networks/networks"
EXAMPLES = 12
IMAGE = torch.Size([1, 28, 28])


def in_float64(path: Path) -> Network:
    network = Network(path.read_bytes())
    network.stored = {key: value.double() if value.is_floating_point() else value for key, value in network.stored.items()}
    return network


def flows_of(network: Network) -> dict[str, list[float]]:
    """By the magnitude of the product, as the authors' code takes it: some of a transformer's flows are negative."""
    layers = [layer for layer, _, _ in layers_of(network)]
    weights = [network.stored[layer].detach() for layer in layers]
    flows = [float((w * g).abs().sum()) for w, g in zip(weights, flow_gradients(network, layers, IMAGE))]
    return {"synflow": flows, "synflow-mean": [flow / w.numel() for flow, w in zip(flows, weights)]}


def flow_reference(name: str) -> dict[str, object]:
    network = in_float64(FETCHED / f"{name}.onnx")
    return {"model": name, "layers": [layer for layer, _, _ in layers_of(network)], **flows_of(network)}


def reference(name: str) -> dict[str, object]:
    network = in_float64(MODELS / f"{name}.onnx")
    weights = [network.stored[layer].requires_grad_() for layer, _, _ in layers_of(network)]
    filters = {node.input[1]: 0 if node.op_type == "Conv" or a.get("transB") else 1 for node, a in network.nodes if len(node.input) > 1}
    images = drawn(1, [EXAMPLES, *IMAGE]).requires_grad_()
    labels = torch.arange(EXAMPLES) * 3 % 10
    made: dict[str, torch.Tensor] = {}
    keep = lambda name: lambda tensor: made.setdefault(name, tensor)
    around = {name for _, *names in layers_of(network) for name in names} - {network.input}
    logits = network.compute(images, change={name: keep(name) for name in around})
    losses = F.cross_entropy(logits, labels, reduction="none")
    by_layer = lambda of: torch.autograd.grad(of, weights, retain_graph=True)

    mean = by_layer(losses.mean())
    each = [by_layer(loss) for loss in losses]
    # A network of ReLU and maxima is piecewise linear in the weights of one layer: its block of the Hessian is J' S J, S that of the
    # loss with respect to the logits, diag(p) - p p'.
    trace = torch.zeros(len(weights), dtype=torch.float64)
    for n, p in enumerate(logits.softmax(1).detach()):
        second = torch.diag(p) - torch.outer(p, p)
        rows = [by_layer(logit) for logit in logits[n]]
        for layer in range(len(weights)):
            jacobian = torch.stack([row[layer].flatten() for row in rows])
            trace[layer] += (second * (jacobian @ jacobian.T)).sum() / EXAMPLES
    flowing = torch.autograd.grad(losses.mean(), weights, create_graph=True)
    lost = torch.autograd.grad(sum((g**2).sum() for g in flowing), weights, retain_graph=True)
    chosen = [by_layer(logits[n, label]) for n, label in enumerate(labels)]
    outputs = [made[name] for _, _, name in layers_of(network)]
    # Of a convolution [examples, maps, places], of a matrix one place.
    maps = [
        (a * g).detach().reshape(EXAMPLES, a.shape[1], -1)
        for a, g in zip(outputs, torch.autograd.grad(losses.sum(), outputs, retain_graph=True))
    ]
    reads = [images if name == network.input else made[name] for _, name, _ in layers_of(network)]
    # numpy's corrcoef, and the score of Mellor et al. 2021.
    alike = [
        float(-sum(np.log(v + 1e-5) + 1 / (v + 1e-5) for v in np.linalg.eigvalsh(np.corrcoef(g.flatten(1).numpy())).clip(0)))
        for g in torch.autograd.grad(logits.sum(), reads, retain_graph=True)
    ]
    by_filter = lambda i, layer: (weights[i].detach() * mean[i]).movedim(filters[layer], 0).flatten(1).sum(1)
    fisher = [sum(g[i] ** 2 for g in each) / EXAMPLES for i in range(len(weights))]
    return {
        "model": name,
        "layers": [layer for layer, _, _ in layers_of(network)],
        "fisher": [float(f.sum()) for f in fisher],
        "fisher-mean": [float(f.mean()) for f in fisher],
        "snip": [float((w.detach() * g).abs().sum()) for w, g in zip(weights, mean)],
        "snip-mean": [float((w.detach() * g).abs().mean()) for w, g in zip(weights, mean)],
        "gradient-norm": [float(g.norm()) for g in mean],
        "logit-gradient-norm": [float(sum((g[i] ** 2).sum() for g in chosen) / EXAMPLES) ** 0.5 for i in range(len(weights))],
        "taylor": [float(((w.detach() * g) ** 2).sum()) for w, g in zip(weights, mean)],
        "taylor-mean": [float(((w.detach() * g) ** 2).mean()) for w, g in zip(weights, mean)],
        "taylor-filters": [float((by_filter(i, layer) ** 2).sum()) for i, (layer, _, _) in enumerate(layers_of(network))],
        "grasp": [float((w.detach() * h).sum() / 2) for w, h in zip(weights, lost)],
        "grasp-mean": [float((w.detach() * h).mean() / 2) for w, h in zip(weights, lost)],
        "fisher-pruning": [float((m.sum(2) ** 2).sum() / (2 * EXAMPLES)) for m in maps],
        "gradient-activation": [float(m.mean(2).abs().sum() / EXAMPLES) for m in maps],
        "jacobian-covariance": alike,
        **flows_of(network),
        "trace": trace.tolist(),
    }


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps([reference("lenet-fashion"), reference("resnet8-fashion")], indent=1) + "\n")
    FLOWS.write_text(json.dumps([flow_reference("vit6-fashion"), flow_reference("mixer6-fashion")], indent=1) + "\n")
