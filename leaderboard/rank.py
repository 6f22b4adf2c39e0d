"""The places of entries: on each board by mean hypervolume, and on average over tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.intervals import Estimate
from analysis.ranks import ranks_over_tasks
from leaderboard.entry import Board, Entry, by_repetition
from nasbench.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An entry's place on its board: 1 is best, equal mean hypervolumes share the better one."""

    rank: int
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Overall:
    """Average ranks over boards of one model, source, scale, budget and science version.

    Attributes:
        common: what the boards share, in words.
        tasks: the boards' tasks.
        ranks: by name, of all methods that each of these boards has, ranked against each other alone; ties share the
            mean. Intervals are bootstrap ones over tasks and repetitions.
    """

    common: str
    tasks: tuple[str, ...]
    ranks: tuple[tuple[str, Estimate], ...]

    @property
    def title(self) -> str:
        return f"{self.common}: {', '.join(self.tasks)}"


def ranking(entries: Sequence[Entry]) -> list[Row]:
    """Rows of one board, the largest hypervolume first; entries that tie come by name."""
    ordered = sorted(entries, key=lambda entry: (-_value(entry), entry.name, entry.method))
    return [Row(rank=1 + sum(_value(other) > _value(entry) for other in entries), entry=entry) for entry in ordered]


def by_board(entries: Sequence[Entry]) -> dict[Board, list[Row]]:
    """The ranking of each board, in the order of boards.

    Raises:
        InputError: two submitted entries of a board have one name, so that nobody could tell them apart.
    """
    taken = Counter((entry.board, entry.name) for entry in entries if entry.submitted)
    for (board, name), number in taken.items():
        if number > 1:
            raise InputError(f"{number} entries of {board.title} are called {name!r}: each must have its own name")
    return {board: ranking([e for e in entries if e.board == board]) for board in sorted({e.board for e in entries})}


def overall(boards: Mapping[Board, Sequence[Row]]) -> list[Overall]:
    """Average ranks, where two tasks or more have two methods or more in common; those of the most tasks come first.

    Every set of methods is ranked over all boards that it shares, unless more methods share just these. So an entry
    that is added takes nobody's ranks away: who was ranked together still is, over the same boards or one more.
    """
    groups: dict[str, list[Board]] = {}
    for board in boards:
        common = f"{board.model} ({board.source}, {board.scale}), {board.budget}, science version"
        groups.setdefault(f"{common} {board.science_version}", []).append(board)
    found = []
    for common, group in groups.items():
        methods = _methods({board: boards[board] for board in group})
        for shared in _shared(methods.values()):
            sharing = [entries for entries in methods.values() if entries.keys() >= set(shared)]
            if len(sharing) > 1:
                ranks = _ranks([[entries[board] for board in shared] for entries in sharing])
                found.append(Overall(common=common, tasks=_titles(shared), ranks=ranks))
    return found


def _methods(boards: Mapping[Board, Sequence[Row]]) -> dict[tuple[str, ...], dict[Board, Entry]]:
    """The entries of each method, by what makes it the same on every board."""
    found: dict[tuple[str, ...], dict[Board, Entry]] = {}
    for board, rows in boards.items():
        for row in rows:
            found.setdefault(row.entry.identity, {})[board] = row.entry
    return dict(sorted(found.items()))


def _shared(methods: Iterable[Iterable[Board]]) -> list[tuple[Board, ...]]:
    """The boards of two tasks or more that some set of methods has in common, for all sets of methods."""
    closed: set[frozenset[Board]] = set()
    for boards in map(frozenset, methods):
        common = {boards, *(boards & others for others in closed)}
        closed |= {some for some in common if len({board.task for board in some}) > 1}
    return sorted((tuple(sorted(some)) for some in closed), key=lambda some: (-len(some), some))


def _titles(boards: Sequence[Board]) -> tuple[str, ...]:
    """The boards' tasks, told apart where several boards are of one."""
    counts = Counter(board.task for board in boards)
    return tuple(b.task if counts[b.task] == 1 else f"{b.task} (setting {b.setting})" for b in boards)


def _ranks(methods: Sequence[Sequence[Entry]]) -> tuple[tuple[str, Estimate], ...]:
    """Of each method, whose entries on the same boards are given, the average rank; the best comes first."""
    ranks = ranks_over_tasks([[[-value for value in _repetitions(entry)] for entry in entries] for entries in methods])
    # A label says the more the more there is to be told apart.
    names = [max((entry.name for entry in entries), key=lambda name: (len(name), name)) for entries in methods]
    return tuple(sorted(zip(names, ranks, strict=True), key=lambda pair: (pair[1].value, pair[0])))


def _repetitions(entry: Entry) -> list[float]:
    return by_repetition(entry.seeds, [seed.hypervolume for seed in entry.seeds])


def _value(entry: Entry) -> float:
    return entry.summary.hypervolume.value
