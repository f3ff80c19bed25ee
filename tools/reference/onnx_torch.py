"""Runs an ONNX graph node by node in PyTorch, eager, in float32: the operators of the zoo's networks that cells.py runs."""

from collections.abc import Callable, Mapping

import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper
from torch import Tensor

Attributes = Mapping[str, object]


def pool(x: Tensor, a: Attributes) -> Tensor:
    assert not any(a["pads"]) and not a["ceil_mode"] and set(a["dilations"]) == {1}
    return F.max_pool2d(x, a["kernel_shape"], a["strides"])


def convolution(x: Tensor, weight: Tensor, bias: Tensor | None, a: Attributes) -> Tensor:
    top, left, bottom, right = a["pads"]
    assert (top, left) == (bottom, right)
    return F.conv2d(x, weight, bias, a["strides"], (top, left), a["dilations"], a["group"])


def dense(x: Tensor, weight: Tensor, bias: Tensor, a: Attributes) -> Tensor:
    assert a.get("alpha", 1) == a.get("beta", 1) == 1 and not a.get("transA")
    return F.linear(x, weight if a.get("transB") else weight.T, bias)


def cut(x: Tensor, starts: Tensor, ends: Tensor, axes: Tensor, steps: Tensor | None = None) -> Tensor:
    assert steps is None or set(steps.tolist()) == {1}
    places = [slice(None)] * x.ndim
    for start, end, axis in zip(starts.tolist(), ends.tolist(), axes.tolist()):
        places[axis] = slice(start, end)
    return x[tuple(places)]


def reshaped(x: Tensor, shape: Tensor, a: Attributes) -> Tensor:
    assert not a.get("allowzero")
    return x.reshape([x.shape[axis] if size == 0 else size for axis, size in enumerate(shape.tolist())])


def mean(x: Tensor, axes: Tensor | None, a: Attributes) -> Tensor:
    return x.mean(a["axes"] if axes is None else axes.tolist(), keepdim=bool(a.get("keepdims", 1)))


def divided(x: Tensor, y: Tensor) -> Tensor:
    return x / y if x.is_floating_point() else x // y


def normalised(x: Tensor, weight: Tensor, bias: Tensor, a: Attributes) -> Tensor:
    assert a["axis"] == -1
    return F.layer_norm(x, weight.shape, weight, bias, a["epsilon"])


OPERATORS: dict[str, Callable[[list, Attributes], Tensor]] = {
    "Add": lambda i, a: i[0] + i[1],
    "Clip": lambda i, a: i[0].clamp(i[1], i[2]),
    "Concat": lambda i, a: torch.cat(i, a["axis"]),
    "Constant": lambda i, a: torch.from_numpy(numpy_helper.to_array(a["value"]).copy()),
    "Conv": lambda i, a: convolution(*i[:2], i[2] if len(i) > 2 else None, a),
    "Div": lambda i, a: divided(*i),
    "Erf": lambda i, a: i[0].erf(),
    "Flatten": lambda i, a: i[0].flatten(a["axis"]),
    "Gather": lambda i, a: torch.from_numpy(i[0].numpy().take(i[1].numpy(), a.get("axis", 0))),
    "Gemm": lambda i, a: dense(*i, a),
    "Identity": lambda i, a: i[0],
    "LayerNormalization": lambda i, a: normalised(*i, a),
    "MatMul": lambda i, a: i[0] @ i[1],
    "MaxPool": lambda i, a: pool(i[0], a),
    "Mul": lambda i, a: i[0] * i[1],
    "ReduceMean": lambda i, a: mean(i[0], i[1] if len(i) > 1 else None, a),
    "Relu": lambda i, a: i[0].relu(),
    "Reshape": lambda i, a: reshaped(*i, a),
    "Shape": lambda i, a: torch.tensor(i[0].shape),
    "Slice": lambda i, a: cut(*i),
    "Softmax": lambda i, a: i[0].softmax(a["axis"]),
    "Transpose": lambda i, a: i[0].permute(a["perm"]),
}


class Network:
    def __init__(self, content: bytes) -> None:
        graph = onnx.load_from_string(content).graph
        self.nodes = [(node, {a.name: helper.get_attribute_value(a) for a in node.attribute}) for node in graph.node]
        self.stored = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
        self.input, self.output = graph.input[0].name, graph.output[0].name

    def compute(
        self,
        images: Tensor,
        weights: Mapping[str, Tensor] = {},
        change: Mapping[str, Callable[[Tensor], Tensor]] = {},
        wanted: str | None = None,
        watch: Callable[[Tensor], None] = lambda made: None,
    ) -> Tensor:
        """
        Logits [n, classes], or the tensor `wanted`, with other weights by name, and with what nodes make changed, by name. `watch` is
        shown what every node makes. PyTorch keeps what its gradients need.
        """
        values: dict[str, Tensor] = {**self.stored, **weights, self.input: images}
        for node, attributes in self.nodes:
            made = OPERATORS[node.op_type]([values[name] for name in node.input if name], attributes)
            name = node.output[0]
            values[name] = change[name](made) if name in change else made
            watch(values[name])
            if name == wanted:
                return made
        return values[self.output]

    run = torch.inference_mode()(compute)
