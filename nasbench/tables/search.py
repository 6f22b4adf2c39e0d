"""Search methods on a table: every method and seed is a run as any other, made in this process, without torch."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as Grid

from nasbench import rng
from nasbench.compose import RunSpec, option
from nasbench.errors import InputError
from nasbench.method import NeuralArchitectureSearch
from nasbench.pareto import hypervolume
from nasbench.results import Run as StoredRun
from nasbench.results import read_run
from nasbench.run import Run, assemble
from nasbench.runtime import Runtime
from nasbench.tables.record import Table

EXPERIMENT = "table_search"
TIMED = 5
"""Seeds of a method whose proposals are timed."""
TIMED_AT = 100
"""Observations that a timed proposal is made from, or as many as a run has."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is searched with.

    Attributes:
        methods: options of the configuration group `search`.
        seeds: so many, from 0 on.
        trials: of each run.
        overrides: of the settings of all methods, as in search.batch_size=4.
        command: that repeats this, for the runs' provenance.
    """

    methods: tuple[str, ...]
    seeds: int
    trials: int
    overrides: tuple[str, ...]
    results: Path
    command: Sequence[str]

    def __post_init__(self) -> None:
        for name in ("seeds", "trials"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name} must be at least 1, not {getattr(self, name)}")
        for override in self.overrides:
            if not override.startswith("search."):
                raise InputError(f"{override} is no setting of a search method: those begin with search.")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A method's runs, by seed, and what they took.

    Attributes:
        seconds: of all of its runs together, files written.
        proposal_seconds: median over seeds of one call of `propose`, from `TIMED_AT` observations.
    """

    method: str
    runs: tuple[StoredRun, ...]
    seconds: float
    proposal_seconds: float


def search_tables(tables: Sequence[Table], settings: Settings, console: Console) -> None:
    """Make the runs that are missing, then say, and draw, how far from the true front each method is.

    Args:
        tables: of one problem, by several seeds of training; seeds of the search take them in turn.

    Raises:
        InputError: a method does not exist, or cannot work on a table, or the tables are of different problems; nothing
            has been written.
    """
    for table in tables[1:]:
        _check_alike(tables[0], table)
    runs = {method: _runs(tables, settings, method) for method in settings.methods}
    outcomes = []
    for method, planned in runs.items():
        outcomes.append(_outcome(method, planned))
        console.print(f"{method}: {len(planned)} runs in {outcomes[-1].seconds:.1f} s")
    console.print(regrets(outcomes))
    folder = settings.results / EXPERIMENT
    subprocess.run([sys.executable, "-m", "analysis", str(folder), "--figure", "table_regret"], check=False)


def _check_alike(first: Table, other: Table) -> None:
    for name, its in first.header.run.config.items():
        if name != "seed" and _without_seeds(other.header.run.config[name]) != _without_seeds(its):
            raise InputError(
                f"{other.name} and {first.name} differ in {name}: search them one by one, in folders of their own "
                f"(--results), or take tables that differ in their seed alone"
            )


def _without_seeds(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return node
    return {name: _without_seeds(value) for name, value in node.items() if name != "seed"}


def _runs(tables: Sequence[Table], settings: Settings, method: str) -> list[Run]:
    node = option("search", method, settings.overrides)
    return [assemble(_spec(tables[seed % len(tables)], settings, node, seed)) for seed in range(settings.seeds)]


def _spec(table: Table, settings: Settings, search: Mapping[str, Any], seed: int) -> RunSpec:
    its = table.header.run
    estimator = {"_target_": "nasbench.estimators.table.TableLookup", "table": table.name}
    method = {
        "_target_": "nasbench.method.NeuralArchitectureSearch",
        "name": EXPERIMENT,
        "space": its.config["table"]["space"],
        "search": search,
        "estimator": estimator,
    }
    budget = {"_target_": "nasbench.budget.Budget", "amount": float(settings.trials), "unit": "trials"}
    science = {name: its.config[name] for name in ("model", "task", "objective", "training", "limits")}
    return RunSpec(
        experiment=EXPERIMENT,
        scale=its.scale,
        source=its.source,
        science={"method": method, **science, "budget": budget, "seed": seed},
        overrides=tuple(settings.command),
        runtime=Runtime(workers=1, results=str(settings.results)),
    )


def _outcome(method: str, runs: Sequence[Run]) -> Outcome:
    started = time.perf_counter()
    for run in runs:
        run.execute(lambda progress: None)
    seconds = time.perf_counter() - started
    stored = tuple(read_run(run.path) for run in runs)
    timed = [_proposal_seconds(run, its) for run, its in zip(runs[:TIMED], stored, strict=False)]
    return Outcome(method=method, runs=stored, seconds=seconds, proposal_seconds=statistics.median(timed))


def _proposal_seconds(run: Run, stored: StoredRun) -> float:
    """Of one call of the search method, from what the run had seen."""
    assert isinstance(run.method, NeuralArchitectureSearch)
    history = stored.trials[:TIMED_AT]
    space = run.method.space.bind(run.problem.shape)
    stream = rng.generator(run.problem.seed, "search", len(history))
    started = time.perf_counter()
    run.method.search.propose(space, history, stream)
    return time.perf_counter() - started


def regrets(outcomes: Sequence[Outcome]) -> Grid:
    """Mean and standard deviation over seeds of the final regret, and the time of a proposal."""
    out = Grid(
        box=box.SIMPLE_HEAD,
        caption="Regret: hypervolume of the true validation front less that of the front found, reference (1, 1).",
        caption_justify="left",
    )
    for column in ("search", "seeds", "trials", "final regret", "deviation", "ms a proposal"):
        out.add_column(column, justify="left" if column == "search" else "right")
    for outcome in outcomes:
        final = [_regret(run) for run in outcome.runs]
        deviation = f"{statistics.stdev(final):.2e}" if len(final) > 1 else "-"
        trials = max(len(run.trials) for run in outcome.runs)
        out.add_row(
            *(outcome.method, str(len(final)), str(trials), f"{statistics.mean(final):.2e}", deviation),
            f"{1000 * outcome.proposal_seconds:.2f}",
        )
    return out


def _regret(run: StoredRun) -> float:
    points = [list(trial.evaluation.validation.values()) for trial in run.trials if trial.ok]
    return run.phases[-1].scores["true_hypervolume"] - hypervolume(points, [1.0] * len(run.header.objectives))
