"""An entry: what one finished run brings to a board."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.comparison import Comparison, Setting, compare
from analysis.selection import Member, best_within, members
from analysis.trajectory import spent_epochs
from nasbench.pareto import hypervolume
from nasbench.results import Run

THRESHOLDS = (0.25, 0.5, 0.75)
"""Fractions of encoder parameters at which the best score is ranked beside the hypervolume."""

REFERENCE = (1.0, 1.0)
"""Of raw test error and relative encoder parameters. Fixed, so that a new entry moves no old one's score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One seed of a method.

    Attributes:
        label: the method, with what tells it from runs of the same method under another configuration.
        hypervolume: of test error and relative encoder parameters of the front selected on validation.
        scores: TEST score at each of `THRESHOLDS`, selected on validation; None where no member is so small.
        cost_epochs: COST in training epochs of the full network.
        commit: of the code that made the run; None if unknown. dirty: with changes that no commit has.
    """

    label: str
    seed: int
    run_id: str
    hypervolume: float
    scores: tuple[float | None, ...]
    cost_epochs: float
    commit: str | None
    dirty: bool

    @classmethod
    def of(cls, run: Run, label: str) -> Entry:
        header, front = run.header, members(run)
        return cls(
            label=label,
            seed=header.seed,
            run_id=header.run_id,
            hypervolume=hypervolume([_point(member) for member in front], REFERENCE) if front else 0.0,
            scores=tuple(_test_score(best_within(front, threshold)) for threshold in THRESHOLDS),
            cost_epochs=spent_epochs(run),
            commit=header.provenance.get("commit"),
            dirty=bool(header.provenance.get("dirty")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Entries that may be ranked together: equal task, model, source, fingerprints, scale and budget.

    Attributes:
        notes: what was left out, and why.
    """

    setting: Setting
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]


def boards(runs: Iterable[Run]) -> list[Board]:
    """A board for each setting, ordered by title; a method with unfinished runs has no entries."""
    return [_board(comparison) for comparison in compare(runs)]


def _board(comparison: Comparison) -> Board:
    entries: list[Entry] = []
    notes = list(comparison.notes)
    for label, runs in comparison.methods.items():
        if all(run.finished for run in runs):
            entries += [Entry.of(run, label) for run in runs]
        else:
            unfinished = sum(not run.finished for run in runs)
            notes.append(f"{label} is not ranked: {unfinished} of its {len(runs)} runs are unfinished")
    return Board(setting=comparison.setting, entries=tuple(entries), notes=tuple(notes))


def _point(member: Member) -> tuple[float, float]:
    return 1.0 - member.test_score, member.relative_encoder_parameters


def _test_score(member: Member | None) -> float | None:
    return None if member is None else member.test_score
