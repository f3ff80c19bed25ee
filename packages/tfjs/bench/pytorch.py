"""The gradients of work.ts in PyTorch, eager, one thread: answers line by line, as contender.ts does."""

import base64
import json
import os
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[3] / "tools/reference"))

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    from onnx_torch import Network
except ImportError as error:
    sys.stdin.readline()
    print(json.dumps({"missing": f"no {error.name}"}), flush=True)
    sys.exit()

torch.set_num_threads(1)


class Work:
    def __init__(self, message: dict) -> None:
        self.network = Network(base64.b64decode(message["model"]))
        examples = np.frombuffer(base64.b64decode(message["examples"]), "<f4").reshape(message["shape"])
        self.examples, self.labels = torch.from_numpy(examples.copy()), torch.tensor(message["labels"])
        stored = self.network.stored.items()
        self.weights = {name: its.requires_grad_() for name, its in stored if name.endswith(".weight")}

    def gradients(self) -> dict[str, torch.Tensor]:
        loss = F.cross_entropy(self.network.compute(self.examples, self.weights), self.labels)
        return dict(zip(self.weights, torch.autograd.grad(loss, list(self.weights.values()))))


work = None
for line in sys.stdin:
    message = json.loads(line)
    match message["do"]:
        case "load":
            work = Work(message)
            work.gradients()
            answer = {"engine": torch.__version__.split("+")[0]}
        case "run":
            processor, wall = time.process_time(), time.perf_counter()
            work.gradients()
            answer = {"spent": {"cpu": time.process_time() - processor, "wall": time.perf_counter() - wall}}
        case "gradients":
            made = work.gradients()
            answer = {name: base64.b64encode(its.numpy().tobytes()).decode() for name, its in made.items()}
    print(json.dumps(answer), flush=True)
