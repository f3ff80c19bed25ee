"""Records what Pillow, transformers, pyarrow and datasets make of small images, for the tests of packages/images.

python tools/reference/images.py      writes packages/images/test/fixtures
"""

import hashlib
import io
import json
import pathlib

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.efficientnet.image_processing_pil_efficientnet import EfficientNetImageProcessorPil
from transformers.models.levit.image_processing_pil_levit import LevitImageProcessorPil
from transformers.models.mobilenet_v2.image_processing_pil_mobilenet_v2 import MobileNetV2ImageProcessorPil
from transformers.models.poolformer.image_processing_pil_poolformer import PoolFormerImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

FIXTURES = pathlib.Path(__file__).parents[2] / "packages/images/test/fixtures"

RESAMPLES = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}


def picture(height: int, width: int, seed: int) -> Image.Image:
    """Smooth colours with sharp edges and some noise, so that kernels overshoot and corners matter."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    base = np.stack([127 + 120 * np.sin(x / 5 + seed), 255 * (y > height / 2), 255 * ((x // 7 + y // 5) % 2)], -1)
    return Image.fromarray(np.clip(base + rng.normal(0, 12, base.shape), 0, 255).astype(np.uint8))


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


def sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def resizes(image: Image.Image) -> list[dict]:
    sizes = [(16, 12), (9, 31), (80, 60), (37, 20), (1, 1)]
    return [
        {
            "resample": name,
            "height": height,
            "width": width,
            "sha256": sha256(np.asarray(image.resize((width, height), code))),
        }
        for name, code in RESAMPLES.items()
        for height, width in sizes
    ]


def processors() -> dict[str, object]:
    return {
        "vit": ViTImageProcessorPil(size={"height": 24, "width": 20}),
        "clip": CLIPImageProcessorPil(size={"shortest_edge": 24}, crop_size={"height": 19, "width": 16}),
        "clip that crops beyond": CLIPImageProcessorPil(
            size={"shortest_edge": 15}, crop_size={"height": 33, "width": 18}
        ),
        "convnext": ConvNextImageProcessorPil(size={"shortest_edge": 21}),
        "convnext, large": ConvNextImageProcessorPil(size={"shortest_edge": 384}),
        "poolformer": PoolFormerImageProcessorPil(size={"shortest_edge": 20}, crop_size={"height": 18, "width": 18}),
        "levit": LevitImageProcessorPil(size={"shortest_edge": 21}, crop_size={"height": 21, "width": 21}),
        "efficientnet": EfficientNetImageProcessorPil(size={"height": 20, "width": 20}),
        "mobilenet": MobileNetV2ImageProcessorPil(size={"shortest_edge": 25}, crop_size={"height": 20, "width": 20}),
        "without resize": ViTImageProcessorPil(do_resize=False, do_rescale=False, do_normalize=False),
    }


def preprocessed(image: Image.Image) -> list[dict]:
    found = []
    for name, processor in processors().items():
        values = processor(image, return_tensors="np")["pixel_values"][0]
        positions = np.random.default_rng(1).integers(0, values.size, 40)
        config = json.loads(processor.to_json_string())
        # The type as it stands in the files on the hub.
        config["image_processor_type"] = config["image_processor_type"].removesuffix("Pil")
        found.append(
            {
                "name": name,
                "config": config,
                "shape": list(values.shape),
                "sum": float(values.astype(np.float64).sum()),
                "values": [[int(at), float(values.flat[at])] for at in positions],
            }
        )
    return found


def tables() -> None:
    """As the hub has them: twelve pictures of three classes."""
    images = [picture(8 + i, 10, 100 + i) for i in range(12)]
    labels = [i % 3 for i in range(12)]
    names = ["cat", "dog", "eel"]
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=names), "note": datasets.Value("string")}
    )
    rows = {
        "image": [{"bytes": png(image), "path": f"{i}.png"} for i, image in enumerate(images)],
        "label": labels,
        "note": ["-"] * 12,
    }
    table = datasets.Dataset.from_dict(rows, features=features)
    table.to_parquet(FIXTURES / "hub.parquet", batch_size=5)
    arrow = table.with_format("arrow")[:]
    for compression in ("zstd", "gzip"):
        pq.write_table(arrow, FIXTURES / f"hub-{compression}.parquet", row_group_size=5, compression=compression)
    with pa.OSFile(str(FIXTURES / "hub-stream.arrow"), "wb") as sink, pa.ipc.new_stream(sink, arrow.schema) as writer:
        writer.write_table(arrow, max_chunksize=5)
    with pa.OSFile(str(FIXTURES / "hub-file.arrow"), "wb") as sink, pa.ipc.new_file(sink, arrow.schema) as writer:
        writer.write_table(arrow, max_chunksize=5)
    plain = pa.table(
        {"picture": pa.array([png(image) for image in images], pa.binary()), "class": [names[i] for i in labels]}
    )
    pq.write_table(plain, FIXTURES / "plain.parquet", compression="none")
    pq.write_table(pa.table({"text": ["a", "b"], "label": [0, 1]}), FIXTURES / "without-images.parquet")
    (FIXTURES / "tables.json").write_text(
        json.dumps(
            {
                "labels": labels,
                "names": names,
                "sizes": [[im.height, im.width] for im in images],
                "sha256": [sha256(np.asarray(im)) for im in images],
            }
        )
        + "\n"
    )


def main() -> None:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    wide, tall = picture(37, 53, 1), picture(61, 40, 2)
    (FIXTURES / "wide.png").write_bytes(png(wide))
    (FIXTURES / "tall.png").write_bytes(png(tall))
    wide.save(FIXTURES / "wide.jpg", quality=90)
    (FIXTURES / "pillow.json").write_text(
        json.dumps(
            {
                "resizes": resizes(wide),
                "grey": sha256(np.asarray(wide.convert("L"))),
                "jpeg": np.asarray(Image.open(FIXTURES / "wide.jpg")).reshape(-1).tolist(),
                "processors": {"wide": preprocessed(wide), "tall": preprocessed(tall)},
            }
        )
        + "\n"
    )
    tables()


if __name__ == "__main__":
    main()
