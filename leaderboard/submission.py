"""Entries from stored runs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from analysis.clusters import clusters
from analysis.commands import of_run
from analysis.comparison import Comparison, Setting, compare, mixture
from analysis.labels import by_label
from analysis.selection import front, members
from analysis.trajectory import spent_epochs
from leaderboard.entry import THRESHOLDS, Board, Entry, Point, Seed, area, choose, summarise
from nasbench.errors import InputError
from nasbench.pareto import non_dominated
from nasbench.records import RunHeader
from nasbench.results import Run


def entries(runs: Iterable[Run]) -> tuple[list[Entry], dict[Board, list[str]]]:
    """An entry a method and board, named as the method, and what is to be said of each board.

    A method with runs that are not whole has no entry, and a note says so; the order of `runs` changes nothing.
    """
    found: list[Entry] = []
    notes: dict[Board, list[str]] = {}
    comparisons = {_board(comparison): comparison for comparison in compare(runs)}
    for board, comparison in comparisons.items():
        alike = [other for key, other in comparisons.items() if key.title == board.title]
        said = notes[board] = [*comparison.notes, *mixture(alike)]
        for label, labelled in comparison.methods.items():
            faults = Counter(fault for run in labelled if (fault := fault_of(run)))
            for fault, number in sorted(faults.items()):
                said.append(f"{label} is not ranked: {number} of its {len(labelled)} runs are {fault}")
            if not faults:
                found.append(entry_of(labelled, name=label, submitted=False))
    return found, notes


def submit(runs: Iterable[Run], *, name: str, method: str | None) -> tuple[list[Entry], list[str]]:
    """The entries of one method, one a board, and what was left out of them.

    Args:
        method: its label, where the runs are of several methods.

    Raises:
        InputError: the runs are of several methods and none is named, there is none of that name, or some run of it is
            not whole.
    """
    runs = list(runs)
    comparisons = compare(runs)
    labels = list(dict.fromkeys(label for comparison in comparisons for label in comparison.methods))
    if method is None and len(labels) > 1:
        raise InputError(f"the runs are of {len(labels)} methods: name one with --method, of {', '.join(labels)}")
    label = labels[0] if method is None else method
    if label not in labels:
        raise InputError(f"there are no runs of {label}: --method is one of {', '.join(labels)}")
    found: list[Entry] = []
    notes: list[str] = []
    for comparison in comparisons:
        title = _board(comparison).title
        if label not in comparison.methods:
            notes.append(
                f"{title}: no entry, for of {label} there are no runs, only of {', '.join(comparison.methods)}"
            )
            continue
        # Compared by themselves, so that nothing is said of the runs of others.
        beside = by_label(run for run in runs if Setting.of(run.header) == comparison.setting)
        (alone,) = compare(beside[label])
        found.append(entry_of(_whole(alone.methods.values()), name=name))
        notes += [f"{title}: {note}" for note in alone.notes]
    return found, notes


def fault_of(run: Run) -> str | None:
    """Why no entry is made of a run; None where nothing is missing."""
    if not run.finished:
        return "unfinished"
    tested = {test.trial for test in run.tests}  # those too whose test scores were not finite, and that have no point
    return None if tested.issuperset(front(run)) else "without test results of the whole front"


def entry_of(runs: Sequence[Run], *, name: str, submitted: bool = True) -> Entry:
    """What whole runs of one method and board make."""
    header = runs[0].header
    seeds = tuple(seed_of(run, number) for run, number in zip(runs, repetitions(runs), strict=True))
    return Entry(
        name=name,
        method=header.method,
        board=board_of(header),
        config={part: header.config[part] for part in ("method", "training") if part in header.config},
        seeds=seeds,
        summary=summarise(seeds),
        submitted=submitted,
    )


def board_of(header: RunHeader) -> Board:
    setting = Setting.of(header)
    return Board(
        task=setting.task,
        model=setting.model,
        source=setting.source,
        scale=setting.scale,
        metric=setting.metric,
        data=header.fingerprints.get("data", ""),
        checkpoint=header.fingerprints.get("checkpoint", ""),
        budget=setting.budget,
        science_version=header.science_version,
        setting=setting.digest,
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


def _board(comparison: Comparison) -> Board:
    return board_of(next(iter(comparison.methods.values()))[0].header)


def _whole(methods: Iterable[Sequence[Run]]) -> Sequence[Run]:
    """The runs of the one method that there is."""
    (runs,) = methods
    for run in runs:
        if fault := fault_of(run):
            raise InputError(f"{run.path} is {fault}: complete the runs of {run.header.method}, then submit them")
    return runs


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
