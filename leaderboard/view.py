"""What both pages show, as texts: a section a board, a line an entry."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from analysis.intervals import Estimate
from leaderboard.entry import THRESHOLDS, Board, Entry, Seed
from leaderboard.rank import Overall, Row, by_board, overall
from leaderboard.verification import Verification

INTRODUCTION = (
    "Made by python -m leaderboard build from stored finished runs. Boards hold what may be compared: equal task, "
    "model, source, scale, content of data and checkpoint, budget, science version, and all other settings of "
    "the problem, of which a digest is shown.",
    "Hypervolume is of raw test error and relative encoder parameters with reference point (1, 1); the front is "
    "selected on validation, so is each best score with at most 25%, 50% or 75% of the encoder's parameters, and all "
    "are reported on test. Means over seeds, with 95% intervals (Student's t) from two on, in which seeds that share a "
    "super-network count as one; - where some seed has no sub-network so small. COST is in training epochs of the full "
    "network. Of verified entries a seed was run again, with equal bytes or, elsewhere, metrics within a tolerance; "
    "where run files were not at hand, an entry's points stand as they were submitted.",
)

COMMANDS = 10
"""Of a board, that are shown below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An entry as it is shown.

    Attributes:
        cells: texts under the section's headings. values: what each is sorted by; empty where there is nothing.
        details: configuration and runs, in words.
    """

    entry: Entry
    cells: tuple[str, ...]
    values: tuple[str, ...]
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A board as it is shown; `notes` say what was left out, and which code made the runs."""

    board: Board
    facts: str
    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    sections: tuple[Section, ...]
    overall: tuple[Overall, ...]


def view(
    entries: Sequence[Entry],
    notes: Mapping[Board, Sequence[str]],
    verified: Sequence[Verification] = (),
    unchecked: Collection[str] = (),
) -> View:
    """All boards that have entries or notes, in order.

    Args:
        verified: badges, each of the entry that has its digest.
        unchecked: digests of entries whose run files were not at hand.

    Raises:
        InputError: as `leaderboard.rank.by_board`.
    """
    marks = dict.fromkeys(unchecked, "run files not checked") | {found.entry: _badge(found) for found in verified}
    boards = by_board(entries)
    every = sorted({*boards, *notes})
    sections = [_section(board, boards.get(board, []), notes.get(board, ()), marks) for board in every]
    return View(sections=tuple(sections), overall=tuple(overall(boards)))


def _section(board: Board, rows: Sequence[Row], notes: Sequence[str], marks: Mapping[str, str]) -> Section:
    scores = [f"{board.metric} ≤{threshold:.0%}" for threshold in THRESHOLDS]
    seeds = [seed for row in rows for seed in row.entry.seeds]
    return Section(
        board=board,
        facts=(
            f"metric {board.metric}, data {board.data[:12]}, checkpoint {board.checkpoint[:12]}, "
            f"science version {board.science_version}, setting {board.setting}"
        ),
        headings=("method", "rank", "hypervolume", *scores, "COST", "seeds", "verified"),
        lines=tuple(_line(row, marks.get(row.entry.digest, "-")) for row in rows),
        notes=(*_code_notes(seeds), *_command_notes(seeds), *notes),
    )


def _line(row: Row, mark: str) -> Line:
    entry, summary = row.entry, row.entry.summary
    estimates = (summary.hypervolume, *summary.scores)
    ends = (summary.cost_epochs, len(entry.seeds), mark)
    return Line(
        entry=entry,
        cells=(entry.name, str(row.rank), *map(shown, estimates), f"{ends[0]:.2f}", str(ends[1]), ends[2]),
        values=(entry.name, str(row.rank), *(f"{e.value!r}" if e else "" for e in estimates), *map(str, ends)),
        details=_details(entry),
    )


def shown(estimate: Estimate | None, *, digits: int = 4) -> str:
    """A number with its interval, if it has one."""
    if estimate is None:
        return "-"
    if estimate.interval is None:
        return f"{estimate.value:.{digits}f}"
    low, high = estimate.interval
    return f"{estimate.value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _badge(badge: Verification) -> str:
    return "bytes" if badge.agreement == "bytes" else f"within {badge.tolerance:g}"


def _details(entry: Entry) -> str:
    runs = [f"seed {seed.seed}: {seed.run} sha256 {seed.sha256[:12]}" for seed in entry.seeds]
    made_by = dict.fromkeys(seed.command for seed in entry.seeds)
    return "\n".join(
        [entry.method, *runs, *made_by, json.dumps(entry.config, indent=1, sort_keys=True, ensure_ascii=False)]
    )


def _code_notes(seeds: Sequence[Seed]) -> list[str]:
    """Which code made the runs, as far as they say."""
    names = [f"commit {seed.commit[:12]}" if seed.commit else "code of no known commit" for seed in seeds]
    dirty = [" with uncommitted changes" if seed.dirty else "" for seed in seeds]
    counts = Counter(name + changes for name, changes in zip(names, dirty, strict=True))
    return [f"{number} of {len(seeds)} runs made by {name}" for name, number in sorted(counts.items())]


def _command_notes(seeds: Sequence[Seed]) -> list[str]:
    """The commands that make the runs, the first ones of many."""
    found = sorted({seed.command for seed in seeds})
    more = [f"and {len(found) - COMMANDS} more commands, in the entries"] if len(found) > COMMANDS else []
    return [*(f"made by: {command}" for command in found[:COMMANDS]), *more]
