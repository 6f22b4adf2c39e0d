"""What is run to be killed: an experiment, a table build, an analysis; each at smoke scale, in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from analysis import cli as analysis
from nasbench.compose import ExperimentSpec, RunSpec, experiment
from nasbench.experiment import run_experiment
from nasbench.tables.build import plan

RESULTS = Path("results")
"""In the folder that a command is run in, so that what it writes names no other path."""

PREPARATION = "data preparation"

SIZES = ("limits.train=16", "limits.validation=8", "limits.test=8", "training.batch_size=8")
SMOKE = ("+experiment=smoke", *SIZES, "runtime.workers=1", "runtime.checkpoint_minutes=0", f"runtime.results={RESULTS}")
LOCAL = ("+experiment=rte_bert", "source=local", "model=tiny", "scale=smoke", "methods=[unpruned]", *SMOKE[1:])
GRID = ("+experiment=table_small", "model=tiny", "scale=smoke", "space.units_step=32", *SIZES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A command, and the phases of it that are killed in.

    Attributes:
        run: run it in the current folder; returns its exit code.
        given: a command that is run once, unharmed: what it leaves is there before `run`.
        reads: runs whose data is read before processes fork: its own, or other data where it is killed in reading.
    """

    name: str
    phases: tuple[str, ...]
    run: Callable[[], int]
    given: Callable[[], int] | None = None
    reads: Sequence[RunSpec] = ()


def scenarios(inputs: Path) -> list[Scenario]:
    """All of them, their configurations composed.

    Args:
        inputs: an empty folder for the data that they read.
    """
    entailment, other = _entailment(inputs / "entailment"), _entailment(inputs / "other")
    halving = ("search=mo_asha", "search.batch_size=4", "search.eta=2", "search.max_trials=7", "training.epochs=2")
    return [
        replace(
            _experiment("the user's files", (PREPARATION,), *LOCAL, f"task.folder={entailment}"),
            reads=experiment([*LOCAL, f"task.folder={other}"]).runs,
        ),
        _experiment(
            "weight-sharing NAS",
            ("super-network training", "search", "scoring on test"),
            *(*SMOKE, "methods=[ws_nas]", "search.batch_size=4", "search.max_trials=12"),
        ),
        _experiment(
            "standard NAS", ("fine-tuning", "promotion"), *SMOKE, "methods=[s_nas]", "budget.amount=6", *halving
        ),
        _experiment(
            "retraining-free pruning",
            ("mask gradients", "mask tuning"),
            *(*SMOKE, "methods=[retraining_free_pruning]"),
        ),
        _table(),
        _analysis(),
    ]


def _experiment(name: str, phases: tuple[str, ...], *overrides: str) -> Scenario:
    spec = experiment(overrides)
    return Scenario(name=name, phases=phases, run=lambda: _run(spec), reads=spec.runs)


def _run(spec: ExperimentSpec) -> int:
    return run_experiment(spec, Console(highlight=False, markup=False, soft_wrap=True), draw=False)


def _table() -> Scenario:
    (spec,) = experiment([*GRID, f"runtime.results={RESULTS}"]).runs

    def run() -> int:
        plan(spec, None).execute(lambda done, total: None)
        return 0

    return Scenario(name="table", phases=("table build",), run=run, reads=[spec])


def _analysis() -> Scenario:
    spec = experiment([*SMOKE, "methods=[unpruned,ws_nas]"])
    return Scenario(
        name="analysis",
        phases=("writing of the analysis",),
        run=lambda: analysis.main([str(RESULTS / "smoke"), "--figure", "pareto"]),
        given=lambda: _run(spec),
        reads=spec.runs,
    )


def _entailment(folder: Path) -> Path:
    """A made-up data set in RTE's columns."""
    folder.mkdir(parents=True)
    for split, number in (("train", 60), ("validation", 24)):
        rows = [_pair(i) for i in range(number)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def _pair(i: int) -> dict[str, str | int]:
    animals: Sequence[str] = ("fox", "dog", "cat", "hen", "owl")
    seen, said = animals[i % 5], animals[i // 2 % 5]
    return {
        "sentence1": f"There were {i + 2} of them when the {seen} came home.",
        "sentence2": f"The {said} came home.",
        "label": int(seen != said),
    }
