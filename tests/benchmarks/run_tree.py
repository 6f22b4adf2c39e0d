"""A results folder as large as a year of experiments leaves it, of made-up numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nasbench import rng
from nasbench.pareto import non_dominated
from nasbench.records import Architecture, Evaluation, Proposal, Sizes, Status, TestResult, Trial
from nasbench.rows import SCHEMA_VERSION, encode
from tests.analysis.runs import EPOCH, FULL, OUTSIDE, header
from tests.analysis.sweeps import nas, samples

TASKS = ("rte", "mrpc")
METHODS: tuple[tuple[str, dict[str, str]], ...] = (
    ("s_nas", {"search": "random_search"}),
    ("s_nas", {"search": "local_search"}),
    *(("ws_nas", {"strategy": name}) for name in ("standard", "sandwich", "full")),
    *(("ws_nas", {"strategy": "full", "space": name}) for name in ("medium", "layer", "large")),
    ("ws_nas", {"strategy": "full", "search": "local_search"}),
    ("unpruned", {}),
)


def write_tree(results: Path, *, seeds: int, trials: int) -> int:
    """Write as many runs of each method and task as there are seeds, each of so many trials; returns how many."""
    architectures = {space: samples(space, 0, trials) for space in ("small", "medium", "layer", "large")}
    count = 0
    for task in TASKS:
        folder = results / f"{task}_bert"
        folder.mkdir(parents=True)
        for number, (method, options) in enumerate(METHODS):
            space = options.get("space", "small")
            for seed in range(seeds):
                head = header(method, seed, task=task, config=nas(method, seed, **options), budget_macs=trials * EPOCH)
                rows = _rows(head.to_row(), architectures[space], rng.generator(seed, f"tests.tree/{task}/{number}"))
                (folder / f"{head.run_id}-{task}-{number}.jsonl").write_bytes(b"".join(map(encode, rows)))
                count += 1
    return count


def _rows(head: dict[str, Any], architectures: list[Architecture], stream: np.random.Generator) -> list[dict[str, Any]]:
    sizes = stream.uniform(0.05, 1, len(architectures)).round(3)
    errors = (0.3 + 0.4 * (1 - sizes) ** 2 + stream.uniform(0, 0.1, len(sizes))).round(6)
    costs = (stream.uniform(0.2, 0.8, len(sizes)) * EPOCH).astype(int)  # no two runs step at the same time
    trials = [
        Trial(
            index=i,
            batch=i,
            proposal=Proposal(architecture),
            evaluation=_evaluation(error, size, cost),
            spent=spent,
        )
        for i, (architecture, error, size, cost, spent) in enumerate(
            zip(architectures, errors.tolist(), sizes.tolist(), costs.tolist(), costs.cumsum().tolist(), strict=True)
        )
    ]
    tests = [
        TestResult(
            trial=int(i),
            objectives={"error": errors[i] + 0.01, "size": float(sizes[i])},
            scores={"f1": 0.99 - errors[i]},
            cost=7,
            seconds=0.5,
        )
        for i in np.flatnonzero(non_dominated(np.stack([errors, sizes], axis=1)))
    ]
    first = {"kind": "header", "schema_version": SCHEMA_VERSION, **head}
    return [first, *(t.to_row() for t in trials), *(t.to_row() for t in tests), {"kind": "end"}]


def _evaluation(error: float, size: float, cost: int) -> Evaluation:
    encoder = round(size * FULL.encoder_parameters)
    return Evaluation(
        status=Status.OK,
        cost=cost,
        sizes=Sizes(OUTSIDE + encoder, encoder, encoder // 2),
        validation={"error": error, "size": size},
        scores={"f1": 1 - error, "exact_match": 0.5 - error / 2, "loss": 3 * error},
        seconds=12.345678,
    )
