"""Made-up runs of the published sweeps: every figure finds something to draw in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from nasbench import rng
from nasbench.config import build
from nasbench.cost import NetworkShape
from nasbench.options import conf_dir
from nasbench.records import Architecture
from tests.analysis.phases import generation, write_phases
from tests.analysis.runs import Point, write_run

TRIALS = 6
SHAPE = NetworkShape(
    hidden_size=8,
    head_size=2,
    layers=3,
    heads=4,
    units=9,
    embedding_parameters=100,
    output_parameters=10,
    output_macs_per_sequence=10,
    output_macs_per_token=0,
)


def option(group: str, name: str, seed: int = 0) -> dict[str, Any]:
    """An option's configuration as a run file holds it."""
    text = (conf_dir() / group / f"{name}.yaml").read_text("utf-8")
    return yaml.safe_load(text.replace("${seed}", str(seed)).replace("${training.epochs}", "5"))


def nas(
    method: str,
    seed: int = 0,
    *,
    space: str = "small",
    search: str = "random_search",
    strategy: str | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """The `config` of a NAS run; `changes` are merged into that of its strategy."""
    estimator = {"strategy": option("strategy", strategy, seed) | changes} if strategy else {"_target_": "Standard"}
    parts = {"space": option("space", space), "search": option("search", search), "estimator": estimator}
    return {"method": {"name": method, **parts}}


def write_sweeps(results: Path) -> Path:
    """Two tasks, two seeds: strategies, spaces, searches with and without shared weights, on a table, and in phases."""
    variants: list[tuple[str, Mapping[str, str]]] = [
        *(("ws_nas", {"strategy": name}) for name in ("standard", "sandwich", "full")),
        *(("ws_nas", {"strategy": "full", "space": name}) for name in ("medium", "layer", "large")),
        ("ws_nas", {"strategy": "full", "search": "local_search"}),
        *(("s_nas", {"search": name}) for name in ("random_search", "local_search")),
        *(("table_search", {"search": name}) for name in ("random_search", "local_search")),
    ]
    for task in ("rte", "mrpc"):
        for seed in (0, 1):
            write_run(
                results / f"{task}_bert",
                "unpruned",
                [(0.3, 1.0)],
                {0: 0.32},
                seed=seed,
                task=task,
                architectures=[Architecture((SHAPE.layers, SHAPE.heads, SHAPE.units))],
                config=nas("unpruned", seed),
            )
            write_phases(
                results / f"{task}_bert",
                [generation(size, seed, f"{task}/{number}") for number, size in enumerate((4, 6, 6))],
                seed=seed,
                task=task,
            )
            for number, (method, chosen) in enumerate(variants):
                points = _points(seed, f"{task}/{number}")
                write_run(
                    results / f"{task}_bert",
                    method,
                    points,
                    {i: error + 0.02 for i, (error, _) in enumerate(points)},
                    seed=seed,
                    phase_cost=500 if method == "ws_nas" else 0,
                    task=task,
                    true_hypervolume=0.9 if method == "table_search" else None,
                    architectures=samples(chosen.get("space", "small"), seed),
                    config=nas(method, seed, **chosen),
                )
    return results


def samples(space: str, seed: int, count: int = TRIALS) -> list[Architecture]:
    """Random architectures of a space of the network of SHAPE."""
    bound = build(option("space", space), "space").bind(SHAPE)
    return [bound.sample(rng.generator(seed, "tests.samples", i)) for i in range(count)]


def _points(seed: int, name: str) -> list[Point]:
    """Smaller networks make more errors, as the name's luck has it."""
    stream = rng.generator(seed, f"tests.sweeps/{name}")
    sizes = stream.uniform(0.1, 1.0, TRIALS)
    errors = 0.3 + 0.4 * (1 - sizes) ** 2 + stream.uniform(0, 0.1, TRIALS)
    return [(round(float(error), 6), round(float(size), 3)) for error, size in zip(errors, sizes, strict=True)]
