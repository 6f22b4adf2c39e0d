"""Run files with made-up numbers, written by the suite's own writer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.records import Architecture, Evaluation, Phase, Proposal, RunHeader, Sizes, Status, TestResult, Trial
from nasbench.results import RunWriter, run_id

EPOCH = 1000
"""MACs of one training epoch of the full network."""
FULL = Sizes(parameters=2000, encoder_parameters=1000, macs=500)
OUTSIDE = FULL.parameters - FULL.encoder_parameters

Point = tuple[float, float]
"""Error and relative encoder parameters."""


def header(method: str, seed: int = 0, **changes: Any) -> RunHeader:
    """A header; `changes` replace fields of it, and `config` is merged into its configuration."""
    problem = {"task": {"name": "bbc_cloze"}, "budget": {"amount": 2.0, "unit": "epochs"}}
    config = {**problem, "method": {"name": method}, "seed": seed, **changes.pop("config", {})}
    fingerprints = changes.pop("fingerprints", {"data": "d" * 64, "checkpoint": "c" * 64})
    fields: dict[str, Any] = {
        "science_version": 1,
        "experiment": "made_up",
        "task": "bbc_cloze",
        "metric": "f1",
        "model": "minilm",
        "source": "embedded",
        "scale": "laptop",
        "full": FULL,
        "epoch_macs": EPOCH,
        "budget": {"amount": 2.0, "unit": "epochs"},
        "budget_macs": 2 * EPOCH,
        "objectives": ("error", "size"),
        "numerics": {"threads": 1},
        "provenance": {"commit": "0123456789abcdef", "dirty": False, "overrides": ["+experiment=made_up"]},
        **changes,
    }
    identity = fields.pop("run_id", run_id(config | {"of": [fields["source"], fields["scale"]]}, fingerprints))
    return RunHeader(run_id=identity, method=method, seed=seed, config=config, fingerprints=fingerprints, **fields)


def write_run(
    folder: Path,
    method: str,
    trials: Sequence[Point | None],
    tests: Mapping[int, float],
    *,
    seed: int = 0,
    trial_cost: int = 100,
    phase_cost: int = 0,
    super_network: str | None = None,
    architectures: Sequence[Architecture] | None = None,
    true_hypervolume: float | None = None,
    finished: bool = True,
    name: str | None = None,
    **changes: Any,
) -> Path:
    """Write a run file and return its path.

    Args:
        trials: validation points in order; None for a trial that failed.
        tests: TEST error by trial; NaN for a score that was not finite.
        phase_cost: MACs of a phase before the first trial.
        super_network: name of the stored weights that the phase made.
        architectures: of the trials; None for such as are of no space.
        true_hypervolume: of the table's front, for a search on a table.
        changes: of the header.
    """
    head = header(method, seed, **changes)
    path = folder / (name or f"{head.run_id}.jsonl")
    folder.mkdir(parents=True, exist_ok=True)
    with RunWriter.open(path, head) as writer:
        if phase_cost:
            writer.append_phase(Phase(name="super_network", cost=phase_cost, weights=super_network, seconds=4.0))
        if true_hypervolume is not None:
            writer.append_phase(Phase(name="table", cost=0, scores={"true_hypervolume": true_hypervolume}))
        for i, point in enumerate(trials):
            spent = phase_cost + (i + 1) * trial_cost
            architecture = architectures[i] if architectures else Architecture((i,))
            proposal, evaluation = Proposal(architecture), _evaluation(point, trial_cost)
            writer.append_trial(Trial(index=i, batch=i, proposal=proposal, evaluation=evaluation, spent=spent))
        for trial, error in tests.items():
            point = trials[trial]
            assert point is not None
            finite = not math.isnan(error)
            objectives, scores = ({"error": error, "size": point[1]}, {"f1": 1 - error}) if finite else ({}, {})
            writer.append_test(TestResult(trial=trial, objectives=objectives, scores=scores, cost=7, seconds=0.5))
        if finished:
            writer.finish({"trials": len(trials)})
    return path


def _evaluation(point: Point | None, cost: int) -> Evaluation:
    encoder = FULL.encoder_parameters if point is None else round(point[1] * FULL.encoder_parameters)
    sizes = Sizes(parameters=OUTSIDE + encoder, encoder_parameters=encoder, macs=encoder // 2)
    if point is None:
        return Evaluation(status=Status.FAILED, cost=cost, sizes=sizes, note="made to fail", seconds=1.0)
    return Evaluation(
        status=Status.OK,
        cost=cost,
        sizes=sizes,
        validation={"error": point[0], "size": point[1]},
        scores={"f1": 1 - point[0], "exact_match": 0.5 - point[0] / 2},
        seconds=1.0,
    )
