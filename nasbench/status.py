"""How far an experiment or a sweep is: its runs by state, and what is to be said of those that are not done."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from nasbench import compose
from nasbench.compose import RunSpec
from nasbench.config import build, canonical, identity
from nasbench.errors import InputError
from nasbench.results import Run, find_runs, read_run
from nasbench.rows import canonical_json
from nasbench.run import assemble
from nasbench.states import State, failure_of, state_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A run that is there, or was asked for.

    Attributes:
        note: what is to be said of it beside its state.
    """

    experiment: str
    method: str
    seed: str
    state: State
    note: str = ""


def status(folder: Path, overrides: Sequence[str] = (), *, every_run: bool = False) -> int:
    """Print how many runs of a results folder are in which state, and a line for each that is not done; returns 0.

    Args:
        overrides: of an experiment or a sweep, as they are given to make it; only its runs are looked at then, and
            those that are not there are missing.
        every_run: a line for each that is done, too.

    Raises:
        InputError: there is no such folder, nothing in it, or an override is at fault.
    """
    stored, damaged = _read(folder)
    entries = [*(_asked(overrides, stored) if overrides else map(_entry, stored)), *damaged]
    if not entries:
        raise InputError(f"{folder} holds no run files: name a folder of results, such as results/squad_distilbert")
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(_summary(entries))
    shown = [entry for entry in entries if every_run or entry.state is not State.DONE]
    for line in _lines(shown) if shown else ():
        console.print(line)
    counts = Counter(entry.state for entry in entries)
    console.print(", ".join(f"{counts[state]} {state}" for state in State if counts[state]))
    return 0


def _read(folder: Path) -> tuple[list[Run], list[Entry]]:
    runs, damaged = [], []
    for path in find_runs(folder):
        try:
            runs.append(read_run(path))
        except InputError as error:
            damaged.append(_damaged(path, error))
    return runs, damaged


def _entry(run: Run) -> Entry:
    header, state = run.header, state_of(run)
    spent = run.trials[-1].spent if run.trials else sum(phase.cost for phase in run.phases)
    budget = "of a budget of {amount:g} {unit}".format_map(header.budget) if header.budget else "without a budget"
    note = (
        f"{header.task}, {header.model} ({header.source}), run {header.run_id}: {len(run.trials)} trials, "
        f"{spent / header.epoch_macs:.2f} epochs {budget}"
    )
    failure = failure_of(run.path) if state is State.FAILED else None
    return Entry(
        experiment=header.experiment,
        method=header.method,
        seed=str(header.seed),
        state=state,
        note=f"{note}; {failure}" if failure else note,
    )


def _damaged(path: Path, error: InputError) -> Entry:
    return Entry(experiment=path.parent.name, method="?", seed="?", state=State.DAMAGED, note=str(error))


def _asked(overrides: Sequence[str], stored: Iterable[Run]) -> list[Entry]:
    """The runs that a command line makes, found among those stored, and the stored ones that make no run.

    By experiment and configuration: neither data nor checkpoint is read, so that it can be asked where there are none,
    unless a configuration says that equal data may lie in another folder.
    """
    there, entries = _by_identity(stored)
    for job in compose.jobs(overrides):
        for spec in compose.experiment(job).runs:
            found = _found(spec, there.get(_identity(spec.experiment, build(spec.science, "configuration")), []))
            method, seed = spec.science["method"]["name"], str(spec.science["seed"])
            absent = Entry(
                experiment=spec.experiment, method=method, seed=seed, state=State.MISSING, note=shlex.join(job)
            )
            if isinstance(found, InputError):
                absent = replace(absent, state=State.UNKNOWN, note=f"{absent.note}: {found}")
            entries.append(_entry(found) if isinstance(found, Run) else absent)
    return entries


def _by_identity(stored: Iterable[Run]) -> tuple[Mapping[bytes, list[Run]], list[Entry]]:
    """Stored runs by what they are found by, and an entry for each that no component makes."""
    there: dict[bytes, list[Run]] = {}
    damaged = []
    for run in stored:
        try:
            key = _identity(run.header.experiment, build(run.header.config, "config"))
        except InputError as error:
            damaged.append(_damaged(run.path, InputError(f"{run.path} makes no run: {error}")))
        else:
            there.setdefault(key, []).append(run)
    return there, damaged


def _identity(experiment: str, built: object) -> bytes:
    return canonical_json({"experiment": experiment, "config": identity(built)})


def _found(spec: RunSpec, alike: Sequence[Run]) -> Run | InputError | None:
    """The stored run of a specification among those that differ from it in places of data at most.

    Where they do, its id tells, for which data and checkpoint are read; an error says that they cannot be.
    """
    config = canonical(build(spec.science, "configuration"))
    same = [run for run in alike if canonical(build(run.header.config, "config")) == config]
    if len(same) == 1 or not alike:
        return same[0] if same else None
    try:
        run_id = assemble(spec).run_id
    except InputError as error:
        return error
    return next((run for run in alike if run.header.run_id == run_id), None)


def _summary(entries: Sequence[Entry]) -> Table:
    counts = Counter((entry.experiment, entry.method, entry.state) for entry in entries)
    states = [state for state in State if any(entry.state is state for entry in entries)]
    table = Table(box=None)
    for column in ("experiment", "method", *map(str, states)):
        table.add_column(column)
    for experiment, method in sorted({(entry.experiment, entry.method) for entry in entries}):
        numbers = [counts[experiment, method, state] for state in states]
        table.add_row(experiment, method, *(str(number) if number else "-" for number in numbers))
    return table


def _lines(entries: Sequence[Entry]) -> Iterator[str]:
    """A line each, as long as it may be, so that it can be searched; those done first."""
    names = [f"{entry.experiment} {entry.method} seed {entry.seed}" for entry in entries]
    width = max(map(len, names))
    ordered = sorted(zip(entries, names, strict=True), key=lambda pair: (list(State).index(pair[0].state), pair[1]))
    for entry, name in ordered:
        yield f"{entry.state:<12} {name:<{width}}  {entry.note}"
