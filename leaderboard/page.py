"""The leaderboard as Markdown. The same runs give the same bytes, wherever and in whatever order they lie."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.markdown import escape, table
from leaderboard.entry import THRESHOLDS, Board, Entry
from leaderboard.rank import Estimate, Row, ranking

_INTRODUCTION = """\
# Leaderboard

Made by `python -m leaderboard build` from stored finished runs. Boards hold what may be compared: equal task, model,
source, content of data and checkpoint, scale and budget.

Hypervolume is of raw test error and relative encoder parameters with reference point (1, 1); the front is selected on
validation, so is each best score with at most 25%, 50% or 75% of the encoder's parameters, and all are reported on
test. Means over seeds, with 95% intervals (Student's t) from two seeds on; `-` where some seed has no sub-network so
small. COST is in training epochs of the full network.
"""


def page(boards: Sequence[Board]) -> str:
    """All boards, one section each."""
    return "\n".join([_INTRODUCTION, *map(_section, boards)])


def _section(board: Board) -> str:
    setting = board.setting
    fingerprints = [
        f"{name.removeprefix('fingerprints.')} {value.strip(chr(34))[:12]}"
        for name, value in setting.facts
        if name.startswith("fingerprints.")
    ]
    facts = [f"setting {setting.digest}", f"{setting.budget} a method", f"metric {setting.metric}", *fingerprints]
    lines = [f"## {escape(setting.title)}, {escape(setting.budget)}", "", escape(", ".join(facts)), ""]
    if board.entries:
        lines += [_table(ranking(board.entries), setting.metric)]
    else:
        lines += ["No method has finished all its runs.", ""]
    notes = [*_code_notes(board.entries), *board.notes]
    return "\n".join([*lines, *(f"- {escape(note)}" for note in notes), ""])


def _table(rows: Sequence[Row], metric: str) -> str:
    headings = ["method", "rank", "hypervolume", *(f"{metric} ≤{t:.0%}" for t in THRESHOLDS), "COST", "seeds"]
    return table(headings, [_cells(row) for row in rows])


def _cells(row: Row) -> list[str]:
    scores = [_shown(score) if score else "-" for score in row.scores]
    return [row.label, str(row.rank), _shown(row.hypervolume), *scores, f"{row.cost_epochs:.2f}", str(len(row.seeds))]


def _shown(estimate: Estimate) -> str:
    if estimate.interval is None:
        return f"{estimate.mean:.4f}"
    low, high = estimate.interval
    return f"{estimate.mean:.4f} [{low:.4f}, {high:.4f}]"


def _code_notes(entries: Sequence[Entry]) -> list[str]:
    """Which code made the runs, as far as they say."""
    runs: dict[str, int] = {}
    for entry in entries:
        name = f"commit {entry.commit[:12]}" if entry.commit else "code of no known commit"
        name += " with uncommitted changes" if entry.dirty else ""
        runs[name] = runs.get(name, 0) + 1
    return [f"{number} of {len(entries)} runs made by {name}" for name, number in sorted(runs.items())]
