"""Small ONNX classifiers with known answers: what each computes, by the reference implementation of the ONNX standard, and
what its layers are, counted by hand. No code of packages/onnx takes part.

python tools/reference/onnx_models.py    writes packages/onnx/test/fixtures/models.json, models/*.onnx and float16.json
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

    def __init__(
        self,
        name: str,
        opset: int,
        input_shape: list[int],
        classes: int,
        ir_version: int = 8,
        type: int = FLOAT,
        batch: int | str = "n",
    ) -> None:
        self.name, self.opset, self.ir_version = name, opset, ir_version
        self.type, self.batch = type, batch
        # Whether nothing but Reshape targets fixes the batch.
        self.opens = False
        # Inputs beside the images, and what fills them for a batch.
        self.filled: dict[str, object] = {}
        self.input_shape, self.classes = input_shape, classes
        self.random = np.random.default_rng([opset, *name.encode()])
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.layers: list[dict] = []
        self.left_out: dict[str, str] = {}
        self.views: dict[str, str] = {}
        self.scaled: dict[str, str] = {}

    def draw(self, *shape: int) -> np.ndarray:
        fan_in = max(1, int(np.prod(shape)) // shape[0])
        return self.random.normal(0, (2 / fan_in) ** 0.5, shape).astype(np.float32)

    def tensor(self, name: str, values: np.ndarray) -> str:
        self.initializers.append(numpy_helper.from_array(values, name))
        return name

    def node(self, op: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"{output}_node", **attributes))
        return output

    def layer(
        self, weight: str, op: str, shape: list[int], reads: tuple, makes: tuple, macs: int, nodes=None, view=None, scale=None
    ) -> None:
        """What must be listed: `reads` and `makes` are (tensor, shape of one example). `view` is the name under which the first node
        reads the weight where that is not its own, `scale` the tensor that scales it where it is quantized."""
        (read, input_shape), (made, output_shape) = reads, makes
        if view:
            self.views[weight] = view
        self.scaled[weight] = scale or weight
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
        shape = [self.batch, *self.input_shape]
        inputs = [helper.make_tensor_value_info("images", self.type, shape)]
        inputs += [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in self.filled]
        if self.ir_version < 4:
            inputs += [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in self.initializers]
        is_float = self.type in (TensorProto.FLOAT16, TensorProto.DOUBLE)
        outputs = [helper.make_tensor_value_info("scores", self.type if is_float else FLOAT, [self.batch, self.classes])]
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
    """Weights in half precision, computed with as such or behind a Cast; a part that never reaches the scores."""
    b = Builder("half", 13, [2, 4, 4], 3)
    b.tensor("full.weight", b.draw(3, 2, 3, 3))
    b.node("Conv", ["images", "full.weight"], "full")
    b.layer("full.weight", "Conv", [3, 2, 3, 3], ("images", [2, 4, 4]), ("full", [3, 2, 2]), 12 * 18)
    b.node("Cast", ["full"], "narrow", to=TensorProto.FLOAT16)
    b.tensor("half.weight", b.draw(3, 3, 1, 1).astype(np.float16))
    b.node("Conv", ["narrow", "half.weight"], "half")
    b.layer("half.weight", "Conv", [3, 3, 1, 1], ("narrow", [3, 2, 2]), ("half", [3, 2, 2]), 36, view="half.weight")
    b.node("Cast", ["half"], "wide", to=FLOAT)
    b.node("Flatten", ["wide"], "flat")
    b.tensor("stored.weight", b.draw(12, 5).astype(np.float16))
    b.node("Cast", ["stored.weight"], "cast.weight", to=FLOAT)
    b.node("MatMul", ["flat", "cast.weight"], "hidden")
    b.layer("stored.weight", "MatMul", [12, 5], ("flat", [12]), ("hidden", [5]), 60, view="cast.weight")
    b.tensor("unused.weight", b.draw(4))
    b.left_out["unused.weight"] = "no node reads it"
    b.tensor("aside.weight", b.draw(12, 3))
    b.left_out["aside.weight"] = "its layer does not reach the class scores"
    b.node("MatMul", ["flat", "aside.weight"], "aside")
    b.tensor("classes.weight", b.draw(5, 3))
    b.node("MatMul", ["hidden", "classes.weight"], "scores")
    b.layer("classes.weight", "MatMul", [5, 3], ("hidden", [5]), ("scores", [3]), 15)
    return b


def chains() -> Builder:
    """Weights behind nodes that change their layout or type, from initializers and Constants, up to three in a row."""
    b = Builder("chains", 18, [4, 5], 3)
    b.tensor("line.weight", b.draw(3, 6, 4))
    b.node("Transpose", ["line.weight"], "line.turned", perm=[1, 2, 0])
    b.node("Conv", ["images", "line.turned"], "line")
    b.layer("line.weight", "Conv", [6, 4, 3], ("images", [4, 5]), ("line", [6, 3]), 18 * 12, view="line.turned")
    b.node("Relu", ["line"], "active")
    b.node("Constant", [], "deep.weight", value=numpy_helper.from_array(b.draw(2, 30, 3).astype(np.float16)))
    b.tensor("deep.shape", np.array([5, 6, 2, 3]))
    b.node("Transpose", ["deep.weight"], "deep.turned", perm=[1, 0, 2])
    b.node("Cast", ["deep.turned"], "deep.cast", to=FLOAT)
    b.node("Reshape", ["deep.cast", "deep.shape"], "deep.filters")
    b.tensor("last_axis", np.array([2]))
    b.node("Unsqueeze", ["active", "last_axis"], "plane")
    b.node("Conv", ["plane", "deep.filters"], "deep", pads=[1, 1, 0, 1])
    # Height 1 + 1 − 2 + 1 = 1, width 3 + 2 − 3 + 1 = 3.
    b.layer("deep.weight", "Conv", [5, 6, 2, 3], ("plane", [6, 1, 3]), ("deep", [5, 1, 3]), 15 * 36, view="deep.filters")
    b.node("Flatten", ["deep"], "flat")
    b.tensor("double.weight", b.draw(1, 7, 15).astype(np.float64))
    b.tensor("first_axis", np.array([0]))
    b.node("Squeeze", ["double.weight", "first_axis"], "double.squeezed")
    b.node("Cast", ["double.squeezed"], "double.cast", to=FLOAT)
    b.node("Gemm", ["flat", "double.cast"], "double", transB=1)
    b.layer("double.weight", "Gemm", [7, 15], ("flat", [15]), ("double", [7]), 105, view="double.cast")
    # Square, and read as it is by one node and turned round by another.
    b.tensor("tied.weight", b.draw(7, 7))
    b.node("Transpose", ["tied.weight"], "tied.turned")
    b.node("MatMul", ["double", "tied.turned"], "tied")
    b.node("Tanh", ["tied"], "bent")
    b.node("MatMul", ["bent", "tied.weight"], "untied")
    b.layer("tied.weight", "MatMul", [7, 7], ("double", [7]), ("tied", [7]), 98, nodes=["tied", "untied"], view="tied.turned")
    b.tensor("classes.weight", b.draw(21))
    b.tensor("classes.shape", np.array([7, 3]))
    b.node("Reshape", ["classes.weight", "classes.shape"], "classes.matrix")
    b.node("MatMul", ["untied", "classes.matrix"], "scores")
    b.layer("classes.weight", "MatMul", [7, 3], ("untied", [7]), ("scores", [3]), 21, view="classes.matrix")
    return b


def narrow() -> Builder:
    """Half precision from the images to the scores."""
    b = Builder("narrow", 13, [2, 4, 4], 3, type=TensorProto.FLOAT16)
    b.tensor("first.weight", b.draw(4, 2, 3, 3).astype(np.float16))
    b.node("Conv", ["images", "first.weight"], "first")
    b.layer("first.weight", "Conv", [4, 2, 3, 3], ("images", [2, 4, 4]), ("first", [4, 2, 2]), 16 * 18, view="first.weight")
    b.node("Relu", ["first"], "active")
    b.node("Flatten", ["active"], "flat")
    b.tensor("classes.weight", b.draw(16, 3).astype(np.float16))
    b.tensor("classes.bias", b.draw(3).astype(np.float16))
    b.left_out["classes.bias"] = "bias of Gemm 'scores_node'"
    b.node("Gemm", ["flat", "classes.weight", "classes.bias"], "scores")
    b.layer("classes.weight", "Gemm", [16, 3], ("flat", [16]), ("scores", [3]), 48, view="classes.weight")
    return b


def wide() -> Builder:
    """Double precision from the features to the scores."""
    b = Builder("wide", 13, [6], 4, type=TensorProto.DOUBLE)
    b.tensor("hidden.weight", b.draw(6, 5).astype(np.float64))
    b.node("MatMul", ["images", "hidden.weight"], "hidden")
    b.layer("hidden.weight", "MatMul", [6, 5], ("images", [6]), ("hidden", [5]), 30, view="hidden.weight")
    b.node("Relu", ["hidden"], "active")
    b.tensor("classes.weight", b.draw(5, 4).astype(np.float64))
    b.node("MatMul", ["active", "classes.weight"], "scores")
    b.layer("classes.weight", "MatMul", [5, 4], ("active", [5]), ("scores", [4]), 20, view="classes.weight")
    return b


def quantized() -> Builder:
    """QDQ: activations through QuantizeLinear and DequantizeLinear, integer weights by channel and by tensor, one turned round."""
    b = Builder("quantized", 19, [2, 5, 5], 3)

    def through(reads: str, makes: str, scale: float, zero: int) -> None:
        b.tensor(f"{makes}.scale", np.float32(scale))
        b.tensor(f"{makes}.zero", np.uint8(zero))
        b.node("QuantizeLinear", [reads, f"{makes}.scale", f"{makes}.zero"], f"{makes}.integers")
        b.node("DequantizeLinear", [f"{makes}.integers", f"{makes}.scale", f"{makes}.zero"], makes)

    through("images", "pixels", 0.03, 128)
    b.tensor("stem.weight", b.random.integers(-127, 128, [4, 2, 3, 3]).astype(np.int8))
    b.tensor("stem.scale", b.random.uniform(0.002, 0.006, 4).astype(np.float32))
    b.tensor("stem.zero", np.zeros(4, np.int8))
    b.node("DequantizeLinear", ["stem.weight", "stem.scale", "stem.zero"], "stem.filters", axis=0)
    b.node("Conv", ["pixels", "stem.filters"], "stem")
    b.layer(
        "stem.weight", "Conv", [4, 2, 3, 3], ("pixels", [2, 5, 5]), ("stem", [4, 3, 3]), 36 * 18, view="stem.filters", scale="stem.scale"
    )
    b.node("Relu", ["stem"], "positive")
    through("positive", "active", 0.02, 0)
    b.node("Flatten", ["active"], "flat")
    b.tensor("hidden.weight", b.random.integers(0, 256, [5, 36]).astype(np.uint8))
    b.tensor("hidden.scale", np.float32(0.003))
    b.tensor("hidden.zero", np.uint8(127))
    b.node("DequantizeLinear", ["hidden.weight", "hidden.scale", "hidden.zero"], "hidden.rows")
    b.node("Transpose", ["hidden.rows"], "hidden.columns")
    b.node("MatMul", ["flat", "hidden.columns"], "hidden")
    b.layer(
        "hidden.weight", "MatMul", [36, 5], ("flat", [36]), ("hidden", [5]), 180, view="hidden.columns", scale="hidden.scale"
    )
    b.tensor("classes.weight", b.random.integers(-127, 128, [3, 5]).astype(np.int8))
    b.tensor("classes.scale", np.float32(0.01))
    b.node("DequantizeLinear", ["classes.weight", "classes.scale"], "classes.rows")
    b.node("Gemm", ["hidden", "classes.rows"], "scores", transB=1)
    b.layer(
        "classes.weight", "Gemm", [3, 5], ("hidden", [5]), ("scores", [3]), 15, view="classes.rows", scale="classes.scale"
    )
    return b


def packed() -> Builder:
    """Two integers of 4 bits in a byte, scaled by block; integers that are scaled in half precision, and then cast."""
    b = Builder("packed", 21, [8], 3, ir_version=10)
    integers = b.random.integers(-8, 8, [8, 6])
    b.initializers.append(helper.make_tensor("hidden.weight", TensorProto.INT4, [8, 6], integers.flatten().tolist()))
    b.tensor("hidden.scale", b.random.uniform(0.01, 0.1, [2, 6]).astype(np.float32))
    b.node("DequantizeLinear", ["hidden.weight", "hidden.scale"], "hidden.rows", axis=0, block_size=4)
    b.node("MatMul", ["images", "hidden.rows"], "hidden")
    b.layer(
        "hidden.weight", "MatMul", [8, 6], ("images", [8]), ("hidden", [6]), 48, view="hidden.rows", scale="hidden.scale"
    )
    b.tensor("classes.weight", b.random.integers(-127, 128, [6, 3]).astype(np.int8))
    b.tensor("classes.scale", np.float16(0.02))
    b.node("DequantizeLinear", ["classes.weight", "classes.scale"], "classes.half")
    b.node("Cast", ["classes.half"], "classes.rows", to=FLOAT)
    b.node("MatMul", ["hidden", "classes.rows"], "scores")
    b.layer(
        "classes.weight", "MatMul", [6, 3], ("hidden", [6]), ("scores", [3]), 18, view="classes.rows", scale="classes.scale"
    )
    return b


def tokens() -> Builder:
    """Words in, with mask, segments and positions; the embedding of words also tells them apart at the end."""
    b = Builder("tokens", 17, [6], 9, type=TensorProto.INT64)
    b.filled = {
        "attention_mask": np.ones_like,
        "token_type_ids": np.zeros_like,
        "position_ids": lambda ids: np.broadcast_to(np.arange(ids.shape[1]), ids.shape),
    }
    b.tensor("words", b.draw(9, 4))
    b.node("Gather", ["words", "images"], "embedded")
    for table, ids in (("segments", "token_type_ids"), ("places", "position_ids")):
        b.tensor(table, b.draw(2 if table == "segments" else 6, 4))
        b.left_out[table] = f"embedding table of Gather '{table}.read_node'"
        b.node("Gather", [table, ids], f"{table}.read")
    b.node("Add", ["embedded", "segments.read"], "typed")
    b.node("Add", ["typed", "places.read"], "placed")
    b.tensor("mix", b.draw(4, 4))
    b.node("MatMul", ["placed", "mix"], "keys")
    b.layer("mix", "MatMul", [4, 4], ("placed", [6, 4]), ("keys", [6, 4]), 96)
    b.node("Transpose", ["keys"], "columns", perm=[0, 2, 1])
    b.node("MatMul", ["placed", "columns"], "affinity")
    b.node("Cast", ["attention_mask"], "mask", to=FLOAT)
    b.tensor("axis", np.array([1]))
    b.node("Unsqueeze", ["mask", "axis"], "masks")
    b.node("Mul", ["affinity", "masks"], "masked")
    b.node("Softmax", ["masked"], "attention", axis=-1)
    b.node("MatMul", ["attention", "placed"], "attended")
    b.node("ReduceMean", ["attended"], "mean", axes=[1], keepdims=0)
    b.node("Transpose", ["words"], "words.turned", perm=[1, 0])
    b.node("MatMul", ["mean", "words.turned"], "scores")
    b.layer("words", "MatMul", [4, 9], ("mean", [4]), ("scores", [9]), 36, view="words.turned")
    return b


def fixed(name: str, examples: int) -> Builder:
    """A batch that stands in the graph, as an exporter writes that has seen one batch: in Reshape targets alone ('reshaped'), or
    also in the size of what is added."""
    b = Builder(name, 13, [2, 4, 4], 3, batch=examples)
    b.opens = name == "reshaped"
    b.tensor("first.weight", b.draw(3, 2, 3, 3))
    reads = "images"
    if examples == 1 and not b.opens:
        for end, at in (("start", 0), ("end", 1)):
            b.tensor(end, np.array([at]))
        reads = b.node("Slice", ["images", "start", "end", "start"], "one")
    b.node("Conv", [reads, "first.weight"], "first" if b.opens or examples == 1 else "bare")
    makes = "first" if b.opens or examples == 1 else "bare"
    b.layer("first.weight", "Conv", [3, 2, 3, 3], (reads, [2, 4, 4]), (makes, [3, 2, 2]), 12 * 18)
    if makes == "bare":
        b.tensor("shift", np.repeat(b.draw(1, 3, 1, 1), examples, axis=0))
        b.left_out["shift"] = "operand of Add 'first_node', which is no Conv, ConvTranspose, Gemm or MatMul with this as its weight"
        b.node("Add", ["bare", "shift"], "first")
    b.node("Relu", ["first"], "active")
    b.tensor("tokens", np.array([examples, 3, 4]))
    b.node("Reshape", ["active", "tokens"], "rows")
    b.tensor("mix.weight", b.draw(4, 4))
    b.node("MatMul", ["rows", "mix.weight"], "mixed")
    b.layer("mix.weight", "MatMul", [4, 4], ("rows", [3, 4]), ("mixed", [3, 4]), 48)
    b.tensor("flattened", np.array([examples, 12]))
    b.node("Reshape", ["mixed", "flattened"], "flat")
    b.tensor("classes.weight", b.draw(12, 3))
    b.node("MatMul", ["flat", "classes.weight"], "made")
    b.layer("classes.weight", "MatMul", [12, 3], ("flat", [12]), ("made", [3]), 36)
    b.node("Softmax", ["made"], "softened", axis=1)
    b.tensor("ending", np.array([examples, 3]))
    b.node("Reshape", ["softened", "ending"], "scores")
    return b


def channels_last() -> Builder:
    """Images as TensorFlow has them, turned round before the first convolution."""
    b = Builder("channels-last", 9, [5, 4, 3], 2)
    b.node("Transpose", ["images"], "turned", perm=[0, 3, 1, 2])
    b.tensor("first.weight", b.draw(4, 3, 3, 3))
    b.node("Conv", ["turned", "first.weight"], "first")
    b.layer("first.weight", "Conv", [4, 3, 3, 3], ("turned", [3, 5, 4]), ("first", [4, 3, 2]), 24 * 27)
    b.node("Transpose", ["first"], "back", perm=[0, 2, 3, 1])
    b.node("ReduceMean", ["back"], "mean", axes=[1, 2], keepdims=0)
    b.tensor("classes.weight", b.draw(4, 2))
    b.node("MatMul", ["mean", "classes.weight"], "scores")
    b.layer("classes.weight", "MatMul", [4, 2], ("mean", [4]), ("scores", [2]), 8)
    return b


def of_opset(opset: int) -> Builder:
    """One small network in each version of the operators: attributes became inputs at 11, 13 and 18."""
    b = Builder(f"opset{opset}", opset, [2, 4, 4], 3, ir_version=3 if opset < 9 else 8 if opset < 22 else 10)
    b.tensor("first.weight", b.draw(4, 2, 3, 3))
    b.node("Conv", ["images", "first.weight"], "first")
    b.layer("first.weight", "Conv", [4, 2, 3, 3], ("images", [2, 4, 4]), ("first", [4, 2, 2]), 16 * 18)
    if opset < 11:
        b.node("Clip", ["first"], "clipped", min=0.0, max=6.0)
    else:
        b.tensor("lowest", np.float32(0))
        b.tensor("highest", np.float32(6))
        b.node("Clip", ["first", "lowest", "highest"], "clipped")
    b.tensor("axes", np.array([2, 3]))
    if opset < 18:
        b.node("ReduceMean", ["clipped"], "pooled", axes=[2, 3], keepdims=1)
    else:
        b.node("ReduceMean", ["clipped", "axes"], "pooled", keepdims=1)
    if opset < 13:
        b.node("Squeeze", ["pooled"], "flat", axes=[2, 3])
    else:
        b.node("Squeeze", ["pooled", "axes"], "flat")
    b.tensor("classes.weight", b.draw(4, 3))
    b.node("Gemm", ["flat", "classes.weight", b.bias("classes.bias", 3, "bias of Gemm 'made_node'")], "made")
    b.layer("classes.weight", "Gemm", [4, 3], ("flat", [4]), ("made", [3]), 12)
    b.node("Softmax", ["made"], "scores", axis=1)
    return b


def encoded(values: np.ndarray) -> dict:
    data = np.ascontiguousarray(values, dtype="<f4")
    return {"shape": list(values.shape), "float32": base64.b64encode(data.tobytes()).decode()}


def evaluate(b: Builder, model: onnx.ModelProto, images: np.ndarray, tensors: list[str]) -> list[np.ndarray]:
    exposing = onnx.ModelProto()
    exposing.CopyFrom(model)
    del exposing.graph.output[:]
    exposing.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in tensors)
    initializers = {t.name for t in model.graph.initializer}
    del exposing.graph.input[:]
    exposing.graph.input.extend(i for i in model.graph.input if i.name not in initializers)
    network = ReferenceEvaluator(exposing, new_ops=[BatchNormalization, ConvTranspose])
    size = b.batch if isinstance(b.batch, int) else len(images)
    parts = []
    for start in range(0, len(images), size):
        piece = images[start : start + size]
        given = np.concatenate([piece, np.repeat(piece[-1:], size - len(piece), axis=0)])
        given = given.astype(helper.tensor_dtype_to_np_dtype(b.type))
        made = network.run(None, {"images": given, **{name: fill(given) for name, fill in b.filled.items()}})
        parts.append([values if size == len(images) else values[: len(piece)] for values in made])
    return [np.concatenate(values) if len(parts) > 1 else values[0] for values in zip(*parts)]


def changed(model: onnx.ModelProto, weight: str) -> onnx.ModelProto:
    """The same network with −½ times the values in one weight, or in what scales it."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    stored = [t for t in copy.graph.initializer if t.name == weight]
    constants = [n.attribute[0].t for n in copy.graph.node if n.op_type == "Constant" and n.output[0] == weight]
    (tensor,) = stored + constants
    values = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(values * values.dtype.type(-0.5), tensor.name))
    return copy


def viewed(model: onnx.ModelProto, view: str) -> np.ndarray:
    """What the nodes of constants alone make of a weight."""
    stored = [t for t in model.graph.initializer if t.name == view]
    if stored:
        return numpy_helper.to_array(stored[0])
    needed, nodes = {view}, []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            nodes.insert(0, node)
            needed |= set(node.input)
    outputs = [helper.make_empty_tensor_value_info(view)]
    initializers = [t for t in model.graph.initializer if t.name in needed]
    graph = helper.make_graph(nodes, "constants", [], outputs, initializers)
    return ReferenceEvaluator(helper.make_model(graph, opset_imports=model.opset_import)).run(None, {})[0]


def record(b: Builder) -> dict:
    model = b.model()
    (FIXTURES / "models" / f"{b.name}.onnx").write_bytes(model.SerializeToString())
    shape = [EXAMPLES, *b.input_shape]
    is_integer = b.type == TensorProto.INT64
    images = (b.random.integers(0, b.classes, shape) if is_integer else b.random.normal(0, 1, shape)).astype(np.float32)
    around = sorted({layer[side] for layer in b.layers for side in ("reads", "makes")} - {"images"})
    logits, *activations = evaluate(b, model, images, ["scores", *around])
    return {
        "name": b.name,
        "opset": b.opset,
        "input": b.input_shape,
        "batch": b.batch if isinstance(b.batch, int) and not b.opens else "open",
        "layers": b.layers,
        "leftOut": b.left_out,
        "images": encoded(images),
        "scores": encoded(logits),
        "activations": dict(zip(around, map(encoded, activations))),
        # Of weights whose bytes do not lie in the file as float32 in the layout of the layer.
        "weights": {layer: encoded(viewed(model, view)) for layer, view in b.views.items()},
        "changed": {
            layer["name"]: encoded(evaluate(b, changed(model, b.scaled[layer["name"]]), images, ["scores"])[0])
            for layer in b.layers
        },
    }


def rounded() -> dict:
    """What numpy makes of float32 numbers in half precision: normal and subnormal ones, ties and their neighbours, the largest."""
    random = np.random.default_rng(16)
    bits = random.integers(0, 0x7BFF, 60).astype(np.uint16)
    exact = bits.view(np.float16).astype(np.float32)
    above = (bits + 1).astype(np.uint16).view(np.float16).astype(np.float32)
    ties = (exact + above) / 2
    near = [np.nextafter(ties, np.float32(sign) * np.inf) for sign in (-1, 1)]
    drawn = random.normal(0, 1, 60) * 10.0 ** random.integers(-9, 5, 60)
    special = [0, 2**-24, 2**-25, 2**-25 * 1.0001, 2**-26, 2**-14, 65504, 65519.996]
    values = np.concatenate([exact, ties, *near, np.clip(drawn, -65504, 65504), special]).astype(np.float32)
    values = np.concatenate([values, -values])
    return {"values": encoded(values), "rounded": encoded(values.astype(np.float16))}


(FIXTURES / "models").mkdir(parents=True, exist_ok=True)
models = [convolutions(), transposed(), gemm(), sequence(), blocks(), shared(), half()]
models += [chains(), narrow(), wide(), quantized(), packed(), tokens(), channels_last()]
models += [fixed("reshaped", 1), fixed("fixed1", 1), fixed("fixed4", 4)]
models += [of_opset(opset) for opset in (8, 11, 18, 21, 22, 23)]
(FIXTURES / "models.json").write_text(json.dumps([record(b) for b in models], indent=1) + "\n")
(FIXTURES / "float16.json").write_text(json.dumps(rounded()) + "\n")
