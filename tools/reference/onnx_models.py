"""Small ONNX classifiers with known answers: what each computes, by the reference implementation of the ONNX standard, and
what its layers are, counted by hand. No code of packages/onnx takes part.

python tools/reference/onnx_models.py    writes packages/onnx/test/fixtures/models.json and models/*.onnx
"""

import base64
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

FIXTURES = Path(__file__).parents[2] / "packages/onnx/test/fixtures"
EXAMPLES = 5
FLOAT = TensorProto.FLOAT


class BatchNormalization(OpRun):
    """Of opset 7, which the reference implementation gets wrong: it returns a tuple."""

    def _run(self, x, scale, shift, mean, variance, epsilon=1e-5, **_):
        scale, shift, mean, variance = (t.reshape(-1, 1, 1) for t in (scale, shift, mean, variance))
        return ((x - mean) / np.sqrt(variance + epsilon) * scale + shift,)


class ConvTranspose(OpRun):
    """By its definition, as the reference implementation fails on groups: every input spreads over one filter."""

    def _run(self, x, w, bias=None, group=1, strides=None, pads=None, output_padding=None, **_):
        axes = x.ndim - 2
        strides, pads = strides or [1] * axes, pads or [0] * 2 * axes
        more = output_padding or [0] * axes
        kernel = w.shape[2:]
        full = [(n - 1) * s + k + m for n, s, k, m in zip(x.shape[2:], strides, kernel, more)]
        filters = w.shape[1]
        made = np.zeros([len(x), filters * group, *full], np.float32)
        for channel in range(x.shape[1]):
            first = channel // (x.shape[1] // group) * filters
            for at in np.ndindex(*x.shape[2:]):
                window = tuple(slice(i * s, i * s + k) for i, s, k in zip(at, strides, kernel))
                for example in range(len(x)):
                    made[(example, slice(first, first + filters), *window)] += x[(example, channel, *at)] * w[channel]
        made = made[(..., *(slice(pads[i], full[i] - pads[axes + i]) for i in range(axes)))]
        return (made if bias is None else made + bias.reshape(-1, *[1] * axes),)


class Builder:
    """A graph that grows node by node. Weights are drawn as they are named."""

    def __init__(self, name: str, opset: int, input_shape: list[int], classes: int, ir_version: int = 8) -> None:
        self.name, self.opset, self.ir_version = name, opset, ir_version
        self.input_shape, self.classes = input_shape, classes
        self.random = np.random.default_rng([opset, *name.encode()])
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.layers: list[dict] = []
        self.left_out: dict[str, str] = {}

    def draw(self, *shape: int) -> np.ndarray:
        fan_in = max(1, int(np.prod(shape)) // shape[0])
        return self.random.normal(0, (2 / fan_in) ** 0.5, shape).astype(np.float32)

    def tensor(self, name: str, values: np.ndarray) -> str:
        self.initializers.append(numpy_helper.from_array(values, name))
        return name

    def node(self, op: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"{output}_node", **attributes))
        return output

    def layer(self, weight: str, op: str, shape: list[int], reads: str, makes: list, macs: int, nodes=None) -> None:
        """What must be listed: `reads` and `makes` are (tensor, shape of one example)."""
        (read, input_shape), (made, output_shape) = reads, makes
        self.layers.append(
            {
                "name": weight,
                "op": op,
                "nodes": [f"{output}_node" for output in nodes or [made]],
                "weightShape": shape,
                "parameters": int(np.prod(shape)),
                "macs": macs,
                "inputShape": input_shape,
                "outputShape": output_shape,
                "reads": read,
                "makes": made,
            }
        )

    def bias(self, name: str, size: int, reason: str) -> str:
        self.left_out[name] = reason
        return self.tensor(name, self.draw(size))

    def model(self) -> onnx.ModelProto:
        inputs = [helper.make_tensor_value_info("images", FLOAT, ["n", *self.input_shape])]
        if self.ir_version < 4:
            inputs += [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in self.initializers]
        outputs = [helper.make_tensor_value_info("scores", FLOAT, ["n", self.classes])]
        graph = helper.make_graph(self.nodes, self.name, inputs, outputs, self.initializers)
        opsets = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=self.ir_version, producer_name="reference")
        onnx.checker.check_model(model, full_check=True)
        return model


def convolutions() -> Builder:
    """Strides, dilations and pads that differ by axis and by side; groups; depthwise."""
    b = Builder("convolutions", 13, [4, 9, 8], 5)
    b.tensor("grouped.weight", b.draw(6, 2, 3, 3))
    b.bias("grouped.bias", 6, "bias of Conv 'grouped_node'")
    b.node(
        "Conv",
        ["images", "grouped.weight", "grouped.bias"],
        "grouped",
        group=2,
        strides=[2, 1],
        dilations=[1, 2],
        pads=[1, 0, 2, 1],
    )
    # Height: (9 + 1 + 2 − 3) / 2 + 1 = 5. Width: 8 + 0 + 1 − 5 + 1 = 5.
    b.layer("grouped.weight", "Conv", [6, 2, 3, 3], ("images", [4, 9, 8]), ("grouped", [6, 5, 5]), 150 * 18)
    b.node("Relu", ["grouped"], "active")
    b.tensor("depthwise.weight", b.draw(6, 1, 3, 3))
    b.node("Conv", ["active", "depthwise.weight"], "depthwise", group=6, auto_pad="SAME_UPPER", strides=[2, 2])
    b.layer("depthwise.weight", "Conv", [6, 1, 3, 3], ("active", [6, 5, 5]), ("depthwise", [6, 3, 3]), 54 * 9)
    b.tensor("pointwise.weight", b.draw(8, 6, 1, 1))
    b.node("Conv", ["depthwise", "pointwise.weight"], "pointwise")
    b.layer("pointwise.weight", "Conv", [8, 6, 1, 1], ("depthwise", [6, 3, 3]), ("pointwise", [8, 3, 3]), 72 * 6)
    b.node("GlobalAveragePool", ["pointwise"], "pooled")
    b.node("Flatten", ["pooled"], "flat")
    b.tensor("classes.weight", b.draw(5, 8))
    b.bias("classes.bias", 5, "bias of Gemm 'scores_node'")
    b.node("Gemm", ["flat", "classes.weight", "classes.bias"], "scores", transB=1)
    b.layer("classes.weight", "Gemm", [5, 8], ("flat", [8]), ("scores", [5]), 40)
    return b


def transposed() -> Builder:
    """Transposed convolutions: one with output padding, one in groups and in one dimension."""
    b = Builder("transposed", 13, [3, 5, 4], 4)
    b.tensor("up.weight", b.draw(3, 4, 3, 3))
    b.bias("up.bias", 4, "bias of ConvTranspose 'up_node'")
    b.node(
        "ConvTranspose",
        ["images", "up.weight", "up.bias"],
        "up",
        strides=[2, 2],
        pads=[1, 1, 1, 1],
        output_padding=[1, 0],
    )
    # Height: (5 − 1) · 2 − 2 + 3 + 1 = 10. Width: (4 − 1) · 2 − 2 + 3 + 0 = 7. Each of 60 inputs meets 4 · 9 weights.
    b.layer("up.weight", "ConvTranspose", [3, 4, 3, 3], ("images", [3, 5, 4]), ("up", [4, 10, 7]), 60 * 36)
    b.node("Relu", ["up"], "active")
    b.tensor("shape", np.array([0, 4, 70]))
    b.node("Reshape", ["active", "shape"], "lines")
    b.tensor("line.weight", b.draw(4, 1, 5))
    b.node("ConvTranspose", ["lines", "line.weight"], "line", strides=[1], group=2)
    b.layer("line.weight", "ConvTranspose", [4, 1, 5], ("lines", [4, 70]), ("line", [2, 74]), 280 * 5)
    b.node("Flatten", ["line"], "flat")
    b.tensor("classes.weight", b.draw(148, 4))
    b.node("MatMul", ["flat", "classes.weight"], "scores")
    b.layer("classes.weight", "MatMul", [148, 4], ("flat", [148]), ("scores", [4]), 592)
    return b


def gemm() -> Builder:
    """The weight on either side, transposed or not, and the activations transposed or not: all eight."""
    b = Builder("gemm", 13, [6], 3)

    def right(reads: str, inputs: int, outputs: int, makes: str, trans_a: int, trans_b: int, **more) -> None:
        weight = b.tensor(f"{makes}.weight", b.draw(*([outputs, inputs] if trans_b else [inputs, outputs])))
        bias = b.bias(f"{makes}.bias", outputs, f"bias of Gemm '{makes}_node'")
        b.node("Gemm", [reads, weight, bias], makes, transA=trans_a, transB=trans_b, **more)
        shape = [outputs, inputs] if trans_b else [inputs, outputs]
        b.layer(weight, "Gemm", shape, (reads, [inputs]), (makes, [outputs]), inputs * outputs)

    def left(reads: str, inputs: int, outputs: int, makes: str, trans_a: int, trans_b: int) -> None:
        weight = b.tensor(f"{makes}.weight", b.draw(*([inputs, outputs] if trans_a else [outputs, inputs])))
        b.node("Gemm", [weight, reads], makes, transA=trans_a, transB=trans_b)
        shape = [inputs, outputs] if trans_a else [outputs, inputs]
        b.layer(weight, "Gemm", shape, (reads, [inputs]), (makes, [outputs]), inputs * outputs)

    right("images", 6, 7, "plain", 0, 0)
    right("plain", 7, 5, "trans_b", 0, 1, alpha=0.5, beta=2.0)
    b.node("Transpose", ["trans_b"], "columns1", perm=[1, 0])
    right("columns1", 5, 6, "trans_a", 1, 0)
    b.node("Tanh", ["trans_a"], "active")
    b.node("Transpose", ["active"], "columns2", perm=[1, 0])
    right("columns2", 6, 4, "trans_both", 1, 1)
    b.node("Transpose", ["trans_both"], "columns3", perm=[1, 0])
    left("columns3", 4, 5, "left_plain", 0, 0)
    b.node("Transpose", ["left_plain"], "rows1", perm=[1, 0])
    left("rows1", 5, 7, "left_trans_b", 0, 1)
    left("left_trans_b", 7, 4, "left_trans_a", 1, 0)
    b.node("Transpose", ["left_trans_a"], "rows2", perm=[1, 0])
    left("rows2", 4, 3, "left_trans_both", 1, 1)
    b.node("Transpose", ["left_trans_both"], "scores", perm=[1, 0])
    return b


def sequence() -> Builder:
    """Matrices on both sides of tokens, a stack of them, attention between activations; a Softmax at the end."""
    b = Builder("sequence", 17, [3, 8], 5)
    b.tensor("embed.weight", b.draw(8, 6))
    b.node("MatMul", ["images", "embed.weight"], "embedded")
    b.layer("embed.weight", "MatMul", [8, 6], ("images", [3, 8]), ("embedded", [3, 6]), 3 * 48)
    operand = "operand of {}, which is no Conv, ConvTranspose, Gemm or MatMul with this as its weight"
    b.bias("position", 6, operand.format("Add 'placed_node'"))
    b.node("Add", ["embedded", "position"], "placed")
    b.bias("norm.scale", 6, "scale of LayerNormalization 'normed_node'")
    b.bias("norm.shift", 6, "shift of LayerNormalization 'normed_node'")
    b.node("LayerNormalization", ["placed", "norm.scale", "norm.shift"], "normed", axis=-1)
    for name in ("query", "key", "value"):
        b.tensor(f"{name}.weight", b.draw(6, 6))
        b.node("MatMul", ["normed", f"{name}.weight"], name)
        b.layer(f"{name}.weight", "MatMul", [6, 6], ("normed", [3, 6]), (name, [3, 6]), 3 * 36)
    b.node("Transpose", ["key"], "keys", perm=[0, 2, 1])
    b.node("MatMul", ["query", "keys"], "affinity")
    b.node("Softmax", ["affinity"], "attention", axis=-1)
    b.node("MatMul", ["attention", "value"], "attended")
    b.node("Add", ["attended", "placed"], "residual")
    b.tensor("mix.weight", b.draw(4, 3))
    b.node("MatMul", ["mix.weight", "residual"], "mixed")
    b.layer("mix.weight", "MatMul", [4, 3], ("residual", [3, 6]), ("mixed", [4, 6]), 4 * 6 * 3)
    b.tensor("axis", np.array([2]))
    b.node("Unsqueeze", ["mixed", "axis"], "single")
    b.tensor("stack.weight", b.draw(4, 6, 5))
    b.node("MatMul", ["single", "stack.weight"], "stacked")
    b.layer("stack.weight", "MatMul", [4, 6, 5], ("single", [4, 1, 6]), ("stacked", [4, 1, 5]), 4 * 5 * 6)
    b.node("ReduceMean", ["stacked"], "mean", axes=[1, 2], keepdims=0)
    b.node("Softmax", ["mean"], "scores")
    return b


def blocks() -> Builder:
    """A residual, a concatenation and a squeeze-excitation block; weights from Constant nodes; initializers among the inputs."""
    b = Builder("blocks", 7, [2, 6, 6], 3, ir_version=3)

    def norm(reads: str, makes: str, size: int) -> None:
        reasons = ["scale", "shift", "running mean", "running variance"]
        names = [f"{makes}.{part}" for part in ("scale", "shift", "mean", "variance")]
        for name, reason in zip(names, reasons):
            b.tensor(name, np.abs(b.draw(size)) + np.float32(0.5) if name.endswith("variance") else b.draw(size))
            b.left_out[name] = f"{reason} of BatchNormalization '{makes}_node'"
        b.node("BatchNormalization", [reads, *names], makes)

    b.tensor("stem.weight", b.draw(4, 2, 3, 3))
    b.node("Conv", ["images", "stem.weight"], "stem", pads=[1, 1, 1, 1])
    b.layer("stem.weight", "Conv", [4, 2, 3, 3], ("images", [2, 6, 6]), ("stem", [4, 6, 6]), 144 * 18)
    norm("stem", "stem_norm", 4)
    b.node("Relu", ["stem_norm"], "stem_active")
    b.tensor("branch.weight", b.draw(4, 4, 3, 3))
    b.node("Conv", ["stem_active", "branch.weight"], "branch", pads=[1, 1, 1, 1])
    b.layer("branch.weight", "Conv", [4, 4, 3, 3], ("stem_active", [4, 6, 6]), ("branch", [4, 6, 6]), 144 * 36)
    norm("branch", "branch_norm", 4)
    b.node("GlobalAveragePool", ["branch_norm"], "squeezed")
    b.tensor("squeeze.weight", b.draw(2, 4, 1, 1))
    b.node("Conv", ["squeezed", "squeeze.weight"], "squeeze")
    b.layer("squeeze.weight", "Conv", [2, 4, 1, 1], ("squeezed", [4, 1, 1]), ("squeeze", [2, 1, 1]), 8)
    b.node("Relu", ["squeeze"], "squeeze_active")
    b.tensor("excite.weight", b.draw(4, 2, 1, 1))
    b.node("Conv", ["squeeze_active", "excite.weight"], "excite")
    b.layer("excite.weight", "Conv", [4, 2, 1, 1], ("squeeze_active", [2, 1, 1]), ("excite", [4, 1, 1]), 8)
    b.node("Sigmoid", ["excite"], "gate")
    b.node("Mul", ["branch_norm", "gate"], "gated")
    b.node("Add", ["gated", "stem_active"], "residual")
    b.node("Concat", ["residual", "stem_active", "images"], "joined", axis=1)
    b.node("Constant", [], "last.weight", value=numpy_helper.from_array(b.draw(5, 10, 3, 3)))
    b.node("Conv", ["joined", "last.weight"], "last", strides=[2, 2])
    b.layer("last.weight", "Conv", [5, 10, 3, 3], ("joined", [10, 6, 6]), ("last", [5, 2, 2]), 20 * 90)
    b.node("GlobalMaxPool", ["last"], "pooled")
    b.node("Flatten", ["pooled"], "flat")
    b.node("Constant", [], "classes.weight", value=numpy_helper.from_array(b.draw(5, 3)))
    b.tensor("classes.bias", b.draw(3))
    b.left_out["classes.bias"] = "bias of Gemm 'scores_node'"
    b.node("Gemm", ["flat", "classes.weight", "classes.bias"], "scores")
    b.layer("classes.weight", "Gemm", [5, 3], ("flat", [5]), ("scores", [3]), 15)
    return b


def shared() -> Builder:
    """One weight in two nodes, once behind an Identity; an If whose branches read what lies outside of them."""
    b = Builder("shared", 21, [3, 4, 4], 4, ir_version=10)
    b.tensor("twice.weight", b.draw(3, 3, 3, 3))
    b.node("Conv", ["images", "twice.weight"], "first", pads=[1, 1, 1, 1])
    b.node("Relu", ["first"], "active")
    b.node("Identity", ["twice.weight"], "alias")
    b.node("Conv", ["active", "alias"], "second")
    b.layer(
        "twice.weight",
        "Conv",
        [3, 3, 3, 3],
        ("images", [3, 4, 4]),
        ("first", [3, 4, 4]),
        48 * 27 + 12 * 27,
        nodes=["first", "second"],
    )
    b.node("Flatten", ["second"], "flat")
    b.tensor("hidden.weight", b.draw(12, 6))
    b.node("MatMul", ["flat", "hidden.weight"], "hidden")
    b.layer("hidden.weight", "MatMul", [12, 6], ("flat", [12]), ("hidden", [6]), 72)
    b.tensor("other.weight", b.draw(12, 6))
    b.node("MatMul", ["flat", "other.weight"], "other")
    b.layer("other.weight", "MatMul", [12, 6], ("flat", [12]), ("other", [6]), 72)
    b.bias("within.weight", 6, "read within a subgraph of If 'chosen_node'")
    b.left_out["inner"] = "lies in a subgraph of If 'chosen_node'"
    output = helper.make_tensor_value_info("branch", FLOAT, ["n", 6])
    then_branch = helper.make_graph(
        [helper.make_node("Mul", ["hidden", "within.weight"], ["branch"])], "then", [], [output]
    )
    else_branch = helper.make_graph(
        [
            helper.make_node("Tanh", ["other"], ["squashed"]),
            helper.make_node("Mul", ["squashed", "inner"], ["scaled"]),
            helper.make_node("Add", ["scaled", "hidden"], ["branch"]),
        ],
        "else",
        [],
        [output],
        [numpy_helper.from_array(b.draw(6), "inner")],
    )
    # A probability is never above 2, whatever the images; no runtime can know that beforehand.
    b.node("Sigmoid", ["hidden"], "chance")
    b.node("ReduceMax", ["chance"], "highest", keepdims=0)
    b.tensor("two", np.float32(2))
    b.left_out["two"] = "operand of Greater 'is_high_node', which is no Conv, ConvTranspose, Gemm or MatMul with this as its weight"
    b.node("Greater", ["highest", "two"], "is_high")
    b.node("If", ["is_high"], "chosen", then_branch=then_branch, else_branch=else_branch)
    b.tensor("classes.weight", b.draw(6, 4))
    b.node("MatMul", ["chosen", "classes.weight"], "scores")
    b.layer("classes.weight", "MatMul", [6, 4], ("chosen", [6]), ("scores", [4]), 24)
    return b


def half() -> Builder:
    """Weights of other types, and weights that are made into others before use; a part that never reaches the scores."""
    b = Builder("half", 13, [2, 4, 4], 3)
    b.tensor("full.weight", b.draw(3, 2, 3, 3))
    b.node("Conv", ["images", "full.weight"], "full")
    b.layer("full.weight", "Conv", [3, 2, 3, 3], ("images", [2, 4, 4]), ("full", [3, 2, 2]), 12 * 18)
    b.node("Cast", ["full"], "narrow", to=TensorProto.FLOAT16)
    b.tensor("half.weight", b.draw(3, 3, 1, 1).astype(np.float16))
    b.left_out["half.weight"] = "weights of type float16 cannot be perturbed yet"
    b.node("Conv", ["narrow", "half.weight"], "half")
    b.node("Cast", ["half"], "wide", to=FLOAT)
    b.node("Flatten", ["wide"], "flat")
    b.tensor("stored.weight", b.draw(12, 5).astype(np.float16))
    b.left_out["stored.weight"] = "made into another constant by Cast 'cast.weight_node'"
    b.node("Cast", ["stored.weight"], "cast.weight", to=FLOAT)
    b.node("MatMul", ["flat", "cast.weight"], "hidden")
    b.tensor("unused.weight", b.draw(4))
    b.left_out["unused.weight"] = "no node reads it"
    b.tensor("aside.weight", b.draw(12, 3))
    b.left_out["aside.weight"] = "its layer does not reach the class scores"
    b.node("MatMul", ["flat", "aside.weight"], "aside")
    b.tensor("classes.weight", b.draw(5, 3))
    b.node("MatMul", ["hidden", "classes.weight"], "scores")
    b.layer("classes.weight", "MatMul", [5, 3], ("hidden", [5]), ("scores", [3]), 15)
    return b


def encoded(values: np.ndarray) -> dict:
    data = np.ascontiguousarray(values, dtype="<f4")
    return {"shape": list(values.shape), "float32": base64.b64encode(data.tobytes()).decode()}


def evaluate(model: onnx.ModelProto, images: np.ndarray, tensors: list[str]) -> list[np.ndarray]:
    exposing = onnx.ModelProto()
    exposing.CopyFrom(model)
    del exposing.graph.output[:]
    exposing.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in tensors)
    initializers = {t.name for t in model.graph.initializer}
    del exposing.graph.input[:]
    exposing.graph.input.extend(i for i in model.graph.input if i.name not in initializers)
    return ReferenceEvaluator(exposing, new_ops=[BatchNormalization, ConvTranspose]).run(None, {"images": images})


def changed(model: onnx.ModelProto, weight: str) -> onnx.ModelProto:
    """The same network with −½ times the values in one weight."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    stored = [t for t in copy.graph.initializer if t.name == weight]
    constants = [n.attribute[0].t for n in copy.graph.node if n.op_type == "Constant" and n.output[0] == weight]
    (tensor,) = stored + constants
    values = numpy_helper.to_array(tensor) * np.float32(-0.5)
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    return copy


def record(b: Builder) -> dict:
    model = b.model()
    (FIXTURES / "models" / f"{b.name}.onnx").write_bytes(model.SerializeToString())
    images = b.random.normal(0, 1, [EXAMPLES, *b.input_shape]).astype(np.float32)
    around = sorted({layer[side] for layer in b.layers for side in ("reads", "makes")} - {"images"})
    logits, *activations = evaluate(model, images, ["scores", *around])
    return {
        "name": b.name,
        "opset": b.opset,
        "input": b.input_shape,
        "layers": b.layers,
        "leftOut": b.left_out,
        "images": encoded(images),
        "scores": encoded(logits),
        "activations": dict(zip(around, map(encoded, activations))),
        "changed": {
            layer["name"]: encoded(evaluate(changed(model, layer["name"]), images, ["scores"])[0]) for layer in b.layers
        },
    }


(FIXTURES / "models").mkdir(parents=True, exist_ok=True)
models = [convolutions(), transposed(), gemm(), sequence(), blocks(), shared(), half()]
(FIXTURES / "models.json").write_text(json.dumps([record(b) for b in models], indent=1) + "\n")
