"""The layers of the zoo's networks as PyTorch sees them: tools/zoo/counting.py. Our own engine is held against them.

python tools/reference/zoo_layers.py    writes packages/onnx/test/fixtures/zoo-layers.json
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools/zoo"))

from counting import LayerCount, count_layers
from published import published


def encoded(layer: LayerCount) -> str:
    return json.dumps(
        {
            "name": layer.name,
            "weightShape": layer.weight_shape,
            "parameters": layer.parameters,
            "macs": layer.macs,
            "inputShape": layer.input_shape,
            "outputShape": layer.output_shape,
        },
        separators=(",", ":"),
    )


# A layer a line: a change shows which.
networks = [f'"{recipe.name}":[\n' + ",\n".join(map(encoded, count_layers(recipe))) + "\n]" for recipe in published()]
path = ROOT / "packages/onnx/test/fixtures/zoo-layers.json"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text("{\n" + ",\n".join(networks) + "\n}\n")
