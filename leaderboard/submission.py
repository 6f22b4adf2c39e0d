"""Entries from stored runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from analysis.clusters import clusters
from analysis.commands import of_run
from analysis.comparison import Comparison, Setting, compare
from analysis.selection import members
from analysis.trajectory import spent_epochs
from leaderboard.entry import THRESHOLDS, Board, Entry, Point, Seed, area, choose, summarise
from nasbench.errors import InputError
from nasbench.pareto import non_dominated
from nasbench.records import RunHeader
from nasbench.results import Run


def entries(runs: Iterable[Run]) -> tuple[list[Entry], dict[Board, list[str]]]:
    """An entry a method and board, named as the method, and what is to be said of each board.

    A method with unfinished runs has no entry, and a note says so; the order of `runs` changes nothing.
    """
    found: list[Entry] = []
    notes: dict[Board, list[str]] = {}
    for comparison in compare(runs):
        board = board_of(next(iter(comparison.methods.values()))[0].header)
        said = notes.setdefault(board, [])
        said += comparison.notes
        for label, labelled in comparison.methods.items():
            if all(run.finished for run in labelled):
                found.append(_entry(label, label, board, labelled))
            else:
                unfinished = sum(not run.finished for run in labelled)
                said.append(f"{label} is not ranked: {unfinished} of its {len(labelled)} runs are unfinished")
    return found, notes


def submit(runs: Iterable[Run], *, name: str, method: str | None) -> list[Entry]:
    """The entries of one method, one a board.

    Args:
        method: its label, where the runs are of several methods.

    Raises:
        InputError: the runs are of several methods and none is named, there is none of that name, or some run of it is
            unfinished.
    """
    comparisons = compare(runs)
    labels = list(dict.fromkeys(label for comparison in comparisons for label in comparison.methods))
    if method is None and len(labels) > 1:
        raise InputError(f"the runs are of {len(labels)} methods: name one with --method, of {', '.join(labels)}")
    label = labels[0] if method is None else method
    if label not in labels:
        raise InputError(f"there are no runs of {label}: --method is one of {', '.join(labels)}")
    return [_submitted(comparison, label, name) for comparison in comparisons if label in comparison.methods]


def board_of(header: RunHeader) -> Board:
    setting = Setting.of(header)
    return Board(
        task=setting.task,
        model=setting.model,
        source=setting.source,
        metric=setting.metric,
        data=header.fingerprints.get("data", ""),
        checkpoint=header.fingerprints.get("checkpoint", ""),
        budget=setting.budget,
    )


def seed_of(run: Run, repetition: int) -> Seed:
    """What a finished run says, and the numbers made of it."""
    header, points = run.header, _points(run)
    return Seed(
        seed=header.seed,
        repetition=repetition,
        run=f"{run.path.resolve().parent.name}/{run.path.name}",
        run_id=header.run_id,
        sha256=hashlib.sha256(run.path.read_bytes()).hexdigest(),
        points=points,
        hypervolume=area(points),
        chosen=tuple(choose(points, threshold) for threshold in THRESHOLDS),
        cost_epochs=spent_epochs(run),
        command=of_run(run),
        commit=header.provenance.get("commit"),
        dirty=bool(header.provenance.get("dirty")),
        numerics=dict(header.numerics),
    )


def repetitions(runs: Sequence[Run]) -> list[int]:
    """Of each run the number of its repetition: those that share a super-network have the same."""
    numbers = {run.path: i for i, cluster in enumerate(clusters(runs)) for run in cluster}
    return [numbers[run.path] for run in runs]


def _submitted(comparison: Comparison, label: str, name: str) -> Entry:
    runs = comparison.methods[label]
    unfinished = [run for run in runs if not run.finished]
    if unfinished:
        raise InputError(f"{unfinished[0].path} is unfinished: complete the runs of {label}, then submit them")
    return _entry(name, label, board_of(runs[0].header), runs)


def _entry(name: str, label: str, board: Board, runs: Sequence[Run]) -> Entry:
    seeds = tuple(seed_of(run, number) for run, number in zip(runs, repetitions(runs), strict=True))
    parts: Mapping[str, object] = runs[0].header.config
    return Entry(
        name=name,
        method=label,
        board=board,
        config={part: parts[part] for part in ("method", "training") if part in parts},
        seeds=seeds,
        summary=summarise(seeds),
    )


def _points(run: Run) -> tuple[Point, ...]:
    """The tested members of the validation front, in error and size whatever the run's own objectives were."""
    found = [
        Point(
            trial=member.trial,
            validation_error=1 - member.validation_score,
            test_error=1 - member.test_score,
            size=member.relative_encoder_parameters,
        )
        for member in members(run)
    ]
    best = non_dominated([(point.validation_error, point.size) for point in found]) if found else ()
    return tuple(point for point, on_front in zip(found, best, strict=True) if on_front)
