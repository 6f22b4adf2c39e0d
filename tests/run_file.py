"""A run file with made-up rows of every kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nasbench import results
from nasbench.records import Architecture, Evaluation, Phase, Proposal, RunHeader, Sizes, Status, TestResult, Trial
from nasbench.results import RunWriter

HEADER = RunHeader(
    science_version=1,
    run_id="0123456789abcdef",
    experiment="e",
    method="s_nas",
    seed=3,
    task="bbc_cloze",
    metric="f1",
    model="minilm",
    source="embedded",
    scale="smoke",
    config={"search": {"batch_size": 2}, "note": "é"},
    fingerprints={"data": "d", "checkpoint": "c"},
    full=Sizes(20, 10, 100),
    epoch_macs=1000,
    budget={"amount": 2.0, "unit": "epochs"},
    budget_macs=2000,
    objectives=("error", "size"),
    numerics={"threads": 1},
    provenance={"commit": "a"},
)
PHASE = Phase(name="super_network", cost=5, weights="w", scores={"loss": 0.1}, seconds=1.5)
END = {"trials": 2, "spent": 12}


def trial(index: int, error: float = 0.1, **changes: Any) -> Trial:
    fields: dict[str, Any] = {
        "status": Status.OK,
        "cost": 3,
        "sizes": Sizes(12, 2, 20),
        "validation": {"error": error, "size": 0.2},
        "scores": {"f1": 1 - error},
        "seconds": 0.25,
        **changes,
    }
    proposal = Proposal(Architecture((1, ("a", 2))), parent=index - 1 if index else None)
    return Trial(index=index, batch=0, proposal=proposal, evaluation=Evaluation(**fields), spent=5 + 3 * (index + 1))


def failed(index: int) -> Trial:
    return trial(index, status=Status.FAILED, validation={}, scores={}, note="no memory")


TEST = TestResult(trial=0, objectives={"error": 0.3, "size": 0.2}, scores={"f1": 0.7}, cost=2)

APPENDS: list[Callable[[RunWriter], None]] = [
    lambda writer: writer.append_phase(PHASE),
    lambda writer: writer.append_trial(trial(0)),
    lambda writer: writer.append_trial(failed(1)),
    lambda writer: writer.append_test(TEST),
    lambda writer: writer.finish(END),
]
RECORDS = [PHASE, trial(0), failed(1), TEST, END]


def write(path: Path) -> bytes:
    """A whole run; returns the bytes of its file."""
    with RunWriter.open(path, HEADER) as writer:
        for append in APPENDS:
            append(writer)
    return path.read_bytes()


def records(run: results.Run | RunWriter) -> list[Any]:
    return [*run.phases, *run.trials, *run.tests, *([] if run.end is None else [run.end])]
