"""How long search methods take to propose: timed on what their runs had seen, and kept beside their regret."""

from __future__ import annotations

import csv
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from nasbench import rng
from nasbench.errors import InputError
from nasbench.method import NeuralArchitectureSearch
from nasbench.results import Run as StoredRun
from nasbench.run import Run

TIMED = 5
"""Seeds of a method whose proposals are timed."""
TIMED_AT = 100
"""Observations that a timed proposal is made from, or as many as a run has."""
FILE = Path("figures", "proposal_times.csv")
"""In the folder of the runs, where the analysis puts its figures and their data."""


@dataclass(frozen=True, kw_only=True)
class ProposalTime:
    """What proposing took one search method.

    Attributes:
        search: option of the configuration group.
        settings: its overrides.
        observations: that the calls were made from, at most.
        calls: of `propose`, one a seed; those of searches that had ended do not count.
        proposals: that a call made (median).
        milliseconds: of one proposal, a call's over the number of its proposals (median); None without calls.
    """

    search: str
    settings: str
    observations: int
    calls: int
    proposals: float | None
    milliseconds: float | None


def proposal_time(search: str, settings: Sequence[str], runs: Sequence[tuple[Run, StoredRun]]) -> ProposalTime:
    """Time a method's proposals from the histories of the first of its runs."""
    calls = [_call(run, stored) for run, stored in runs[:TIMED]]
    made = [(seconds, count) for seconds, count in calls if count]
    return ProposalTime(
        search=search,
        settings=" ".join(settings),
        observations=max(min(len(stored.trials), TIMED_AT) for _, stored in runs[:TIMED]),
        calls=len(made),
        proposals=statistics.median(count for _, count in made) if made else None,
        milliseconds=statistics.median(1000 * seconds / count for seconds, count in made) if made else None,
    )


def _call(run: Run, stored: StoredRun) -> tuple[float, int]:
    """Seconds and proposals of one call, from what the run had seen."""
    assert isinstance(run.method, NeuralArchitectureSearch)
    history = stored.trials[:TIMED_AT]
    space = run.method.space.bind(run.problem.shape)
    stream = rng.generator(run.problem.seed, "search", len(history))
    started = time.perf_counter()
    proposals = run.method.search.propose(space, history, stream)
    return time.perf_counter() - started, len(proposals)


def store(folder: Path, times: Sequence[ProposalTime]) -> Path:
    """Write times to `FILE` in a folder of runs; those of other searches that are there stay.

    Raises:
        InputError: it cannot be written.
    """
    path, columns = folder / FILE, [field.name for field in fields(ProposalTime)]
    rows = {(row["search"], row["settings"]): row for row in _stored(path, columns)}
    rows |= {(time.search, time.settings): asdict(time) for time in times}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows.values())
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}): name another folder with --results") from error
    return path


def _stored(path: Path, columns: Sequence[str]) -> list[Mapping[str, Any]]:
    """The rows of a file of this form; none of any other."""
    if not path.is_file():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        return list(reader) if reader.fieldnames == list(columns) else []
