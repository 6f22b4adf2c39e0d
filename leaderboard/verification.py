"""A seed of an entry run again: equal bytes under equal numerics, equal metrics within a tolerance under others."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from analysis.files import write
from leaderboard.check import check, run_of
from leaderboard.entry import Entry, Seed
from leaderboard.forms import formed
from leaderboard.store import VERIFIED, read
from leaderboard.submission import seed_of
from nasbench.errors import InputError
from nasbench.results import Run, find_runs, read_run

SCHEMA = "badge.json"

TOLERANCE = 0.02
"""Of hypervolume and scores, which lie in [0, 1]: how far a run under other numerics may be from the stored one."""

Rerun = Callable[[Path, Path], int]
"""Repeats a run file into a folder; returns 0 where all rows are equal, 1 where some are not or the repetition failed,
2 on bad input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How an entry was verified.

    Attributes:
        entry: digest of the entry; another one, or a changed one, has no part in it.
        seed: the one that was run again.
        agreement: `bytes`, or `metrics` under other numerics.
        tolerance: of the metrics; 0 for bytes.
    """

    entry: str
    seed: int
    agreement: str
    tolerance: float


def rerun(run_file: Path, out: Path) -> int:
    """`nasbench rerun` in a process of its own, which loads models."""
    command = [sys.executable, "-m", "nasbench", "rerun", str(run_file), "--any-numerics", "--out", str(out)]
    return subprocess.run(command, check=False).returncode


def verify(
    path: Path, results: Path, *, seed: int | None = None, tolerance: float = TOLERANCE, again: Rerun = rerun
) -> Verification:
    """Check an entry, run one of its seeds again and compare; writes the badge beside the entry where they agree.

    Args:
        seed: which; None for the first.
        tolerance: from 0 to 1, how far hypervolume and scores may be apart under other numerics.

    Raises:
        InputError: the entry is not true, has no such seed, could not be run again, or the repetition disagrees; the
            tolerance is out of range.
    """
    if not 0 <= tolerance <= 1:
        raise InputError(f"--tolerance is of numbers from 0 to 1 and must be one itself, not {tolerance:g}")
    entry = read(path)
    check(entry, results)
    chosen = _seed(entry, seed)
    run = run_of(chosen, results)
    with tempfile.TemporaryDirectory() as folder:
        code = again(run.path, Path(folder))
        repetitions = _finished(Path(folder))
        if code not in (0, 1) or len(repetitions) != 1:
            raise InputError(f"seed {chosen.seed} could not be run again: nasbench rerun {run.path} says why")
        if code == 1:
            _check_metrics(chosen, run, repetitions[0], tolerance)
    found = Verification(
        entry=entry.digest,
        seed=chosen.seed,
        agreement="metrics" if code else "bytes",
        tolerance=tolerance if code else 0.0,
    )
    write(_badge_path(path), json.dumps(asdict(found), indent=1) + "\n")
    return found


def _finished(folder: Path) -> list[Run]:
    """The runs of a folder that are whole: a repetition that failed may leave a piece of one, or nothing."""
    runs = []
    for path in find_runs(folder):
        with suppress(InputError):
            runs.append(read_run(path))
    return [run for run in runs if run.finished]


def badge(path: Path) -> Verification | None:
    """The badge beside an entry's file; None where it has none.

    Raises:
        InputError: the badge is not of the right form.
    """
    file = _badge_path(path)
    if not file.exists():
        return None
    try:
        return Verification(**formed(file.read_bytes(), SCHEMA))
    except OSError as error:
        raise InputError(f"badge {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{file} is no badge: {error}; remove it, or verify the entry again") from error


def _badge_path(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".json") + VERIFIED)


def _seed(entry: Entry, seed: int | None) -> Seed:
    if seed is None:
        return entry.seeds[0]
    found = [candidate for candidate in entry.seeds if candidate.seed == seed]
    if not found:
        raise InputError(f"the entry has no seed {seed}: it has {', '.join(str(s.seed) for s in entry.seeds)}")
    return found[0]


def _check_metrics(stored: Seed, run: Run, again: Run, tolerance: float) -> None:
    if again.header.numerics == run.header.numerics:
        raise InputError(f"seed {stored.seed}: the repetition of {run.path} differs, though its numerics are the same")
    for name, was, now in _metrics(stored, seed_of(again, stored.repetition)):
        if was is None or now is None or not abs(was - now) <= tolerance:
            raise InputError(f"seed {stored.seed}: {name} is {was}, when run again {now}: over {tolerance:g} apart")


def _metrics(stored: Seed, again: Seed) -> Iterator[tuple[str, float | None, float | None]]:
    yield "hypervolume", stored.hypervolume, again.hypervolume
    for was, now in zip(stored.chosen, again.chosen, strict=True):
        if was.test_score != now.test_score:
            yield f"best score within {was.at_most:.0%}", was.test_score, now.test_score
