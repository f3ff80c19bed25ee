"""Writes the fixtures of packages/ranking: what scipy, scikit-learn and numpy say about the same vectors.

    pip install -r tools/reference/requirements.txt   # torch is not needed here
    python tools/reference/ranking.py
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy import stats
from sklearn.metrics import ndcg_score

FIXTURES = Path(__file__).resolve().parents[2] / "packages/ranking/test/fixtures"
VERSIONS = {"python": sys.version.split()[0]} | {name: version(name) for name in ("numpy", "scipy", "scikit-learn")}


def vectors():
    """Pairs (truth, scores), from smooth to almost nothing but ties, with negative truths as an accuracy has."""
    rng = np.random.default_rng(20240317)
    yield "hand: one swap", [0.1, 0.2, 0.3, 0.4], [1, 2, 4, 3]
    yield "two layers", [0.0, 0.3], [5, 1]
    yield "ties on both sides", [0.1, 0.1, 0.2, 0.3, 0.3, 0.3], [2, 1, 1, 3, 3, 2]
    yield "constant scores", [0.3, 0.1, 0.2, 0.0, 0.5], [7, 7, 7, 7, 7]
    yield "constant truth", [0.2, 0.2, 0.2, 0.2], [1, 2, 3, 4]
    yield "negative truths", [-0.002, 0.004, -0.01, 0.2, 0.05, 0.0], [0.3, 0.1, 0.2, 0.9, 1.0, 0.0]
    yield "no gain at all", [-0.1, -0.2, 0.0], [1, 2, 3]
    yield "negative zero ties with zero", [0.0, -0.0, 0.1, 0.2], [-0.0, 0.0, 1, 0.5]
    for layers in (3, 9, 21, 36, 120):
        truth = rng.gamma(0.5, 0.1, layers) - 0.01
        yield f"{layers} layers, noisy", truth, truth + rng.normal(0, 0.05, layers)
        yield f"{layers} layers, reversed", truth, -truth
        yield f"{layers} layers, unrelated", truth, rng.normal(size=layers)
        yield f"{layers} layers, few counts", rng.integers(0, 4, layers) / 500, rng.integers(0, 3, layers)
        yield f"{layers} layers, wild scale", truth, np.exp(rng.normal(0, 30, layers))


def zero_if_undefined(value):
    """Loadbearing's rule for constants, of which scipy says nan."""
    return 0.0 if np.isnan(value) else float(value)


def correlations():
    for name, truth, scores in vectors():
        truth, scores = np.asarray(truth, float), np.asarray(scores, float)
        with np.errstate(all="ignore"):
            yield {
                "name": name,
                "truth": truth.tolist(),
                "scores": scores.tolist(),
                "ranks": stats.rankdata(scores).tolist(),
                "spearman": zero_if_undefined(stats.spearmanr(truth, scores).statistic),
                "kendall": zero_if_undefined(stats.kendalltau(truth, scores, variant="b").statistic),
                "ndcg": float(ndcg_score([np.clip(truth, 0, None)], [scores])),
            }


def quantiles():
    rng = np.random.default_rng(7)
    for size in (1, 2, 3, 10, 101):
        values = np.round(rng.normal(size=size), 2)
        levels = [0, 0.025, 0.1, 0.5, 0.9, 0.975, 1]
        yield {"values": values.tolist(), "levels": levels, "quantiles": np.quantile(values, levels).tolist()}


def critical_t():
    freedoms = [1, 2, 2.5, 3, 3.7, 5, 8, 15, 30, 99.5, 1000, 1e7]
    return [{"freedom": freedom, "quantile": float(stats.t.ppf(0.975, freedom))} for freedom in freedoms]


def variance_components():
    """Two-way random effects without replication, by the textbook's mean squares on one layer at one level."""
    rng = np.random.default_rng(11)
    for repeats, images in ((2, 6), (3, 5), (8, 20)):
        values = (rng.random((repeats, images)) < rng.random(images)).astype(float)
        grand = values.mean()
        by_draw, by_image = values.mean(axis=1), values.mean(axis=0)
        ms_draw = images * ((by_draw - grand) ** 2).sum() / (repeats - 1)
        residual = values - by_draw[:, None] - by_image[None, :] + grand
        ms_residual = (residual**2).sum() / ((repeats - 1) * (images - 1))
        yield {
            "values": values.tolist(),
            "betweenDraws": ms_draw / (repeats * images),
            "both": ms_residual / (repeats * images),
        }


def regression_intervals():
    """The drop on a whole test set from the first images, by least squares on class, group of margin and logits: every term from its definition."""
    rng = np.random.default_rng(23)
    for classes, images, known, population in ((3, 300, 400, 400), (3, 300, 400, 2000), (9, 300, 310, 310)):
        labels = rng.integers(classes, size=known)
        logits = np.round(rng.normal(0, 2, (known, classes)), 1)
        own = np.arange(known), labels
        logits[own] += 3
        logits = logits.round(1).astype(np.float32).astype(np.float64)
        others = logits.copy()
        others[own] = -np.inf
        margins = logits[own] - others.max(axis=1)
        lost = rng.random(known) < 0.6 * np.exp(-np.maximum(margins, 0) / 3) * labels / classes
        losses = np.where(margins < 0, -(rng.random(known) < 0.2).astype(int), lost.astype(int))[:images]
        rank = np.argsort(np.argsort(margins, kind="stable"), kind="stable")
        group = np.eye(16)[rank * 16 // known]
        x = np.hstack([np.eye(classes)[labels], group[:, 1:], logits[:, 1:] - logits[:, :1]])
        if images < 10 * x.shape[1]:
            x = group
        seen, columns = x[:images], x.shape[1]
        slopes = np.linalg.lstsq(seen, losses, rcond=None)[0]
        value = (x @ slopes).mean()
        # With one pseudo-image lost and one gained.
        spread = (((losses - seen @ slopes) ** 2).sum() + 2) / (images + 2 - columns)
        target = x.mean(axis=0)
        unseen = target @ np.linalg.inv(seen.T @ seen) @ target - 1 / known
        variance = spread * unseen + losses.var() * (1 / known - 1 / population)
        margin = 1.03 * stats.t.ppf(0.975, images + 2 - columns - 1) * np.sqrt(variance)
        centre = value * images / (images + 2)
        yield {
            "labels": labels.tolist(),
            "logits": logits.round(1).tolist(),
            "losses": losses.tolist(),
            "population": population,
            "value": float(value),
            "low": float(min(value, centre - margin)),
            "high": float(max(value, centre + margin)),
        }


def size_effects():
    """Scores that go with the weights of a layer and much noise, on networks of the zoo; all layers, and some without a score."""
    layers = json.loads((FIXTURES.parents[2] / "onnx/test/fixtures/zoo-layers.json").read_text())
    rng = np.random.default_rng(31)
    for network in ("lenet-fashion", "resnet20-narrow-fashion", "mobilenet-fashion"):
        its = layers[network]
        sizes = {
            "parameters": [layer["parameters"] for layer in its],
            "macs": [layer["macs"] for layer in its],
            "depth": list(range(len(its))),
        }
        noise = np.exp(rng.normal(size=len(its)))
        scores = np.round(np.sqrt(sizes["parameters"]) * noise, 2)
        unscored = rng.random(len(its)) < 0.25
        for left_out in (np.zeros(len(its), bool), unscored):
            kept = np.flatnonzero(~left_out)
            with np.errstate(all="ignore"):
                yield {
                    "name": f"{network}, {len(kept)} of {len(its)} layers",
                    "sizes": sizes,
                    "scores": [None if out else float(score) for score, out in zip(scores, left_out, strict=True)],
                    "layers": len(kept),
                } | {
                    size: float(stats.spearmanr(scores[kept], np.asarray(values)[kept]).statistic)
                    for size, values in sizes.items()
                }


def write(name, cases):
    FIXTURES.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case) for case in cases)
    (FIXTURES / f"{name}.json").write_text(f'{{"versions": {json.dumps(VERSIONS)},\n"cases": [\n{lines}\n]}}\n')


write("correlations", correlations())
write("quantiles", quantiles())
write("critical-t", critical_t())
write("variance-components", variance_components())
write("regression-interval", regression_intervals())
write("size-effects", size_effects())
