"""Whether an entry is true: every number is computed again from its raw points, and those from the run files."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from analysis.labels import by_label
from leaderboard.entry import THRESHOLDS, Chosen, Entry, Point, Seed, area, choose, summarise
from leaderboard.submission import board_of, entry_of, fault_of
from nasbench.errors import InputError
from nasbench.pareto import non_dominated
from nasbench.results import Run, read_run

ROUNDING = 1e-9
"""Relative difference of equal numbers that were summed in another order."""


def check(entry: Entry, results: Path | None) -> None:
    """Refuse an entry that is not what its points and its run files say.

    Args:
        results: the folder that holds the run files; None checks the entry by itself.

    Raises:
        InputError: names what is wrong: a number, a seed listed twice, a selection by test scores, a hash, a path, a
            fact, runs of several methods.
    """
    for name in ("seed", "run", "sha256", "run_id"):
        _check_once([f"{name} {getattr(seed, name)}" for seed in entry.seeds])
    for seed in entry.seeds:
        where = f"seed {seed.seed}"
        _check_path(seed.run, where)
        _check_selection(seed.points, where)
        _check_number(seed.hypervolume, area(seed.points), f"{where}: hypervolume")
        for stored, threshold in zip(seed.chosen, THRESHOLDS, strict=True):
            _check_chosen(stored, seed.points, threshold, where)
    if results is not None:
        _check_runs(entry, results)
    if difference := next(_differences(asdict(entry.summary), asdict(summarise(entry.seeds)), "summary"), None):
        raise InputError(difference)


def run_of(seed: Seed, results: Path) -> Run:
    """The run file of a seed.

    Raises:
        InputError: its path leaves the results folder, there is no such file, or its hash is not the stored one.
    """
    where = f"seed {seed.seed}"
    _check_path(seed.run, where)
    path = results / seed.run
    if not path.resolve().is_relative_to(results.resolve()):
        raise InputError(f"{where}: {seed.run} is a path that leaves the results folder {results}")
    if not has_run(seed, results):
        raise InputError(f"{where}: there is no run file {path}: name the folder that holds it with --results")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{where}: run file {path} cannot be read: {error.strerror}") from error
    if digest != seed.sha256:
        raise InputError(f"{where}: {path} has sha256 {digest[:12]}, the entry says {seed.sha256[:12]}")
    return read_run(path)


def has_run(seed: Seed, results: Path) -> bool:
    """Whether the run file of a seed is there, be it the right one or not."""
    try:
        return (results / seed.run).is_file()
    except OSError:  # a name too long for the file system
        return False


def _check_path(text: str, where: str) -> None:
    """A folder and a file in it, on any system."""
    parts = PurePosixPath(text).parts
    if len(parts) != 2 or ".." in parts or "/" in parts or len(PureWindowsPath(text).parts) != 2:
        raise InputError(f"{where}: {text} is no path in the results folder: it must be EXPERIMENT/FILE.jsonl")


def _check_once(names: Sequence[str], where: str = "") -> None:
    for name, number in Counter(names).items():
        if number > 1:
            raise InputError(f"{where}{name} is listed {number} times: it counts once")


def _check_selection(points: Sequence[Point], where: str) -> None:
    _check_once([f"trial {point.trial}" for point in points], f"{where}: ")
    best = non_dominated([(point.validation_error, point.size) for point in points]) if points else ()
    for point, on_front in zip(points, best, strict=True):
        if not on_front:
            raise InputError(
                f"{where}: trial {point.trial} is not on the validation front, so a test score has selected it"
            )


def _check_chosen(stored: Chosen, points: Sequence[Point], threshold: float, where: str) -> None:
    where = f"{where}: best within {threshold:.0%}"
    right = choose(points, threshold)
    if stored.trial != right.trial:
        by_test = min(
            (point for point in points if point.size <= threshold), key=lambda point: point.test_error, default=None
        )
        reason = ", so a test score has selected it" if by_test and by_test.trial == stored.trial else ""
        raise InputError(f"{where}: trial is {stored.trial}, but validation selects {right.trial}{reason}")
    if difference := next(_differences(asdict(stored), asdict(right), where), None):
        raise InputError(difference)


def _check_number(stored: float, right: float, where: str) -> None:
    if difference := next(_differences(stored, right, where), None):
        raise InputError(difference)


def _check_runs(entry: Entry, results: Path) -> None:
    runs = [run_of(seed, results) for seed in entry.seeds]
    for run in runs:
        if fault := fault_of(run):
            raise InputError(f"{run.path} is {fault}: only whole runs make an entry")
    right = entry_of(runs, name=entry.name)
    for seed, of_run, run in zip(entry.seeds, right.seeds, runs, strict=True):
        said = {"board": entry.board._asdict(), "seed": asdict(seed)}
        found = {"board": board_of(run.header)._asdict(), "seed": asdict(of_run)}
        if difference := next(_differences(said, found, f"seed {seed.seed}"), None):
            raise InputError(f"{difference} as in {run.path}")
    if len(labels := sorted(by_label(runs))) > 1:
        raise InputError(f"the seeds are of {len(labels)} methods, {', '.join(labels)}: an entry is of one")
    for name in ("method", "config"):
        if difference := next(_differences(getattr(entry, name), getattr(right, name), name), None):
            raise InputError(f"{difference} as in {runs[0].path}")


def _differences(stored: Any, right: Any, name: str) -> Iterator[str]:
    """A sentence for each value that differs, by its dotted name."""
    if isinstance(stored, Mapping) and isinstance(right, Mapping):
        for key in (*stored, *(key for key in right if key not in stored)):
            if key in stored and key in right:
                yield from _differences(stored[key], right[key], f"{name}.{key}")
            else:
                yield f"{name}.{key} is {_shown(stored[key])}, not there" if key in stored else f"{name} lacks {key}"
    elif isinstance(stored, list | tuple) and isinstance(right, list | tuple) and len(stored) == len(right):
        for i, (a, b) in enumerate(zip(stored, right, strict=True)):
            yield from _differences(a, b, f"{name}.{i}")
    elif not _equal(stored, right):
        yield f"{name} is {_shown(stored)}, not {_shown(right)}"


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _equal(a: Any, b: Any) -> bool:
    """Whole numbers to the last digit, others but for rounding."""
    if {type(a), type(b)} in ({float}, {float, int}):
        try:
            return math.isclose(a, b, rel_tol=ROUNDING, abs_tol=ROUNDING)
        except OverflowError:  # of a whole number beyond all others
            return False
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)
