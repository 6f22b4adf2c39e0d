"""The places of entries: on each board by mean hypervolume, and on average over tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.intervals import Estimate
from analysis.ranks import ranks_over_tasks
from leaderboard.entry import Board, Entry, by_repetition


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An entry's place on its board: 1 is best, equal mean hypervolumes share the better one."""

    rank: int
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Overall:
    """Average ranks over the boards of one model, source and budget.

    Attributes:
        tasks: the boards' tasks.
        ranks: by name, of the methods that all those boards have, ranked against each other alone; ties share the mean.
            Intervals are bootstrap ones over tasks and repetitions.
    """

    model: str
    source: str
    budget: str
    tasks: tuple[str, ...]
    ranks: tuple[tuple[str, Estimate], ...]


def ranking(entries: Sequence[Entry]) -> list[Row]:
    """Rows of one board, the largest hypervolume first; entries that tie come by name."""
    ordered = sorted(entries, key=lambda entry: (-_value(entry), entry.name, entry.method))
    return [Row(rank=1 + sum(_value(other) > _value(entry) for other in entries), entry=entry) for entry in ordered]


def by_board(entries: Sequence[Entry]) -> dict[Board, list[Row]]:
    """The ranking of each board, in the order of boards."""
    return {board: ranking([e for e in entries if e.board == board]) for board in sorted({e.board for e in entries})}


def overall(boards: Mapping[Board, Sequence[Row]]) -> list[Overall]:
    """Average ranks, where two tasks or more have two methods or more in common."""
    groups: dict[tuple[str, str, str], list[Board]] = {}
    for board in boards:
        groups.setdefault((board.model, board.source, board.budget), []).append(board)
    found = []
    for (model, source, budget), group in groups.items():
        tasks = [_by_name([row.entry for row in boards[board]]) for board in group]
        names = sorted(set.intersection(*(set(task) for task in tasks)))
        if len({board.task for board in group}) < 2 or len(names) < 2:
            continue
        losses = [[[-value for value in _repetitions(task[name])] for task in tasks] for name in names]
        ranks = ranks_over_tasks(losses)
        ordered = sorted(zip(names, ranks, strict=True), key=lambda pair: (pair[1].value, pair[0]))
        titles = tuple(board.task for board in group)
        found.append(Overall(model=model, source=source, budget=budget, tasks=titles, ranks=tuple(ordered)))
    return found


def _by_name(entries: Sequence[Entry]) -> dict[str, Entry]:
    """The entries of one board; a name that stands there twice says nothing of a method over tasks."""
    counts = Counter(entry.name for entry in entries)
    return {entry.name: entry for entry in entries if counts[entry.name] == 1}


def _repetitions(entry: Entry) -> list[float]:
    return by_repetition(entry.seeds, [seed.hypervolume for seed in entry.seeds])


def _value(entry: Entry) -> float:
    return entry.summary.hypervolume.value
