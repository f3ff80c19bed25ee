"""PyTorch → ONNX, with names that a person can read."""

import io
import warnings

import onnx
import torch
from torch import nn

OPSET = 17


def to_onnx(network: nn.Module, example: torch.Tensor) -> bytes:
    """The network as ONNX: input `input` [batch, …], output `logits` [batch, classes].

    A node with a weight has the name of its module, any other that of its module and its operation; what a node gives is
    called as the node.
    """
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (example,),
            buffer,
            input_names=["input"],
            output_names=["logits"],
            dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
            opset_version=OPSET,
            training=torch.onnx.TrainingMode.PRESERVE,  # EVAL would fold the normalisations that a recipe keeps
            dynamo=False,
        )
    model = onnx.load_from_string(buffer.getvalue())
    _name_nodes(model.graph)
    model.producer_name, model.producer_version = "loadbearing-zoo", torch.__version__.split("+")[0]
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def _name_nodes(graph: onnx.GraphProto) -> None:
    weights = {tensor.name for tensor in graph.initializer if tensor.name.endswith(".weight")}
    renamed: dict[str, str] = {}
    for node in graph.node:
        weight = next((name for name in node.input if name in weights), None)
        node.name = weight.removesuffix(".weight") if weight else _scoped(node.name)
        node.doc_string = ""
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)
        if node.output[0] != graph.output[0].name:
            renamed[node.output[0]] = node.name
            node.output[0] = node.name


def _scoped(exported: str) -> str:
    """The exporter's '/stage1/block0/Relu_1' as 'stage1.block0.relu_1'."""
    *scopes, operation = exported.strip("/").split("/")
    return ".".join([*scopes, operation.lower()])
