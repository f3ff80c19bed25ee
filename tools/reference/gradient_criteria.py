"""Criteria of gradients and curvature on a network of the zoo, by PyTorch in float64. No code of the project takes part.

python tools/reference/gradient_criteria.py    writes packages/bench/test/fixtures/gradient-criteria.json
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

from gradients import MODELS, drawn, layers_of
from onnx_torch import Network

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "packages/bench/test/fixtures/gradient-criteria.json"
EXAMPLES = 12


def reference(name: str) -> dict[str, object]:
    network = Network((MODELS / f"{name}.onnx").read_bytes())
    network.stored = {key: value.double() if value.is_floating_point() else value for key, value in network.stored.items()}
    weights = [network.stored[layer].requires_grad_() for layer, _, _ in layers_of(network)]
    images = drawn(1, [EXAMPLES, 1, 28, 28])
    labels = torch.arange(EXAMPLES) * 3 % 10
    logits = network.compute(images)
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
    return {
        "model": name,
        "layers": [layer for layer, _, _ in layers_of(network)],
        "fisher": [float(sum((g[i] ** 2).sum() for g in each) / EXAMPLES) for i in range(len(weights))],
        "snip": [float((w.detach() * g).abs().sum()) for w, g in zip(weights, mean)],
        "trace": trace.tolist(),
    }


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps([reference("lenet-fashion"), reference("resnet8-fashion")], indent=1) + "\n")
