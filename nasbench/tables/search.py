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

from nasbench.compose import RunSpec, option
from nasbench.errors import InputError
from nasbench.pareto import hypervolume
from nasbench.results import Run as StoredRun
from nasbench.results import read_run
from nasbench.run import Run, assemble, check_affordable
from nasbench.runtime import Runtime
from nasbench.tables.record import Table
from nasbench.tables.recorded import differing
from nasbench.tables.timing import TIMED_AT, ProposalTime, proposal_time, store

EXPERIMENT = "table_search"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is searched with.

    Attributes:
        methods: options of the configuration group `search`.
        seeds: so many, from 0 on.
        trials: of each run.
        overrides: of settings, as in search.batch_size=4, each of the methods that have it.
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
    """

    method: str
    runs: tuple[StoredRun, ...]
    seconds: float
    proposals: ProposalTime


def search_tables(tables: Sequence[Table], settings: Settings, console: Console) -> int:
    """Make the runs that are missing, then say, and draw, how far from the true front each method is.

    Args:
        tables: of one problem, by several seeds of training; seeds of the search take them in turn.

    Returns:
        The exit code of the analysis, which draws the figure.

    Raises:
        InputError: a method does not exist, or cannot work on a table, or the tables are of different problems; nothing
            has been written.
    """
    for table in tables[1:]:
        _check_alike(tables[0], table)
    own = _by_method(settings)
    runs = {method: _runs(tables, settings, method, overrides) for method, overrides in own.items()}
    for planned in runs.values():
        check_affordable(planned[0])
    outcomes = []
    for method, planned in runs.items():
        outcomes.append(_outcome(method, own[method], planned))
        console.print(f"{method}: {len(planned)} runs in {outcomes[-1].seconds:.1f} s")
    console.print(regrets(outcomes))
    folder = settings.results / EXPERIMENT
    console.print(f"proposal times: {store(folder, [outcome.proposals for outcome in outcomes])}")
    command = [sys.executable, "-m", "analysis", str(folder), "--figure", "table_regret"]
    return subprocess.run(command, check=False).returncode


def _check_alike(first: Table, other: Table) -> None:
    path = differing(_of_the_problem(first), _of_the_problem(other))
    if path is not None:
        raise InputError(
            f"{other.name} and {first.name} differ in {'.'.join(path)}: search them one by one, in folders of their "
            f"own (--results), or take tables that differ in their seed alone"
        )


def _of_the_problem(table: Table) -> dict[str, Any]:
    """What tables of one problem have alike, by its name: all but their seeds."""
    header, run = table.header, table.header.run
    config = {name: _without_seeds(part) for name, part in run.config.items() if name != "seed"}
    return {**config, "fingerprints": run.fingerprints, "source": run.source, "shape": header.shape}


def _without_seeds(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return node
    return {name: _without_seeds(value) for name, value in node.items() if name != "seed"}


def _by_method(settings: Settings) -> dict[str, list[str]]:
    """The overrides that each method takes: of settings that it has, and those that none has, which are refused."""
    if not settings.overrides:
        return {method: [] for method in settings.methods}
    has = {method: option("search", method) for method in settings.methods}
    keys = {text: text.removeprefix("search.").partition("=")[0] for text in settings.overrides}
    nobodys = [text for text, key in keys.items() if not any(key in its for its in has.values())]
    return {
        method: [text for text, key in keys.items() if key in its or text in nobodys] for method, its in has.items()
    }


def _runs(tables: Sequence[Table], settings: Settings, method: str, overrides: Sequence[str]) -> list[Run]:
    node = option("search", method, overrides)
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


def _outcome(method: str, overrides: Sequence[str], runs: Sequence[Run]) -> Outcome:
    started = time.perf_counter()
    for run in runs:
        run.execute(lambda progress: None)
    seconds = time.perf_counter() - started
    stored = tuple(read_run(run.path) for run in runs)
    times = proposal_time(method, overrides, list(zip(runs, stored, strict=True)))
    return Outcome(method=method, runs=stored, seconds=seconds, proposals=times)


def regrets(outcomes: Sequence[Outcome]) -> Grid:
    """Mean and standard deviation over seeds of the final regret, and the time of a proposal."""
    out = Grid(
        box=box.SIMPLE_HEAD,
        caption="Regret: hypervolume of the true validation front less that of the front found, reference (1, 1).\n"
        f"A proposal: time of a call over the number of its proposals, at {TIMED_AT} observations, median over seeds.",
        caption_justify="left",
    )
    for column in ("search", "seeds", "trials", "final regret", "deviation", "ms a proposal"):
        out.add_column(column, justify="left" if column == "search" else "right")
    for outcome in outcomes:
        final = [_regret(run) for run in outcome.runs]
        deviation = f"{statistics.stdev(final):.2e}" if len(final) > 1 else "-"
        trials, per_proposal = max(len(run.trials) for run in outcome.runs), outcome.proposals.milliseconds
        out.add_row(
            *(outcome.method, str(len(final)), str(trials), f"{statistics.mean(final):.2e}", deviation),
            "-" if per_proposal is None else f"{per_proposal:.2f}",
        )
    return out


def _regret(run: StoredRun) -> float:
    points = [list(trial.evaluation.validation.values()) for trial in run.trials if trial.ok]
    return run.phases[-1].scores["true_hypervolume"] - hypervolume(points, [1.0] * len(run.header.objectives))
