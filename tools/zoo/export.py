"""PyTorch → ONNX, with names that a person can read."""

import io
import warnings

import onnx
import torch
from torch import nn

OPSET = 17


def to_onnx(network: nn.Module, example: torch.Tensor) -> bytes:
    """The network as ONNX: input `input` [batch, …], output `logits` [batch, classes]. A node with a weight has the name of its module."""
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
            dynamo=False,
        )
    model = onnx.load_from_string(buffer.getvalue())
    initializers = {tensor.name for tensor in model.graph.initializer}
    counts: dict[str, int] = {}
    for node in model.graph.node:
        weights = [name for name in node.input if name in initializers and name.endswith(".weight")]
        if weights:
            node.name = weights[0].removesuffix(".weight")
            continue
        kind = node.op_type.lower()
        counts[kind] = counts.get(kind, 0) + 1
        node.name = f"{kind}{counts[kind]}"
    model.producer_name, model.producer_version = "loadbearing-zoo", torch.__version__.split("+")[0]
    model.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)
