"""Means and intervals over seeds, and the ranks of a board's methods."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy import stats

from leaderboard.entry import THRESHOLDS, Entry

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds and its 95% interval by Student's t; None for a single seed."""

    mean: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A method's place on a board.

    Attributes:
        rank: 1 is best; equal mean hypervolumes share the better rank.
        scores: at each threshold; None unless every seed has a member so small.
    """

    rank: int
    label: str
    hypervolume: Estimate
    scores: tuple[Estimate | None, ...]
    cost_epochs: float
    seeds: tuple[int, ...]


def ranking(entries: Iterable[Entry]) -> list[Row]:
    """A row a method, by mean hypervolume, the largest first; methods that tie come by name."""
    methods: dict[str, list[Entry]] = {}
    for entry in entries:
        methods.setdefault(entry.label, []).append(entry)
    means = {label: statistics.fmean(e.hypervolume for e in group) for label, group in methods.items()}
    ordered = sorted(methods, key=lambda label: (-means[label], label))
    return [_row(1 + sum(mean > means[label] for mean in means.values()), label, methods[label]) for label in ordered]


def estimate(values: Sequence[float]) -> Estimate:
    """Mean of values [n], and its 95% interval where n is at least 2 (exact if they are normally distributed)."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return Estimate(mean, None)
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * statistics.stdev(values) / len(values) ** 0.5
    return Estimate(mean, (mean - half, mean + half))


def _row(rank: int, label: str, group: Sequence[Entry]) -> Row:
    group = sorted(group, key=lambda entry: entry.seed)
    return Row(
        rank=rank,
        label=label,
        hypervolume=estimate([entry.hypervolume for entry in group]),
        scores=tuple(_score([entry.scores[i] for entry in group]) for i in range(len(THRESHOLDS))),
        cost_epochs=statistics.fmean(entry.cost_epochs for entry in group),
        seeds=tuple(entry.seed for entry in group),
    )


def _score(values: Sequence[float | None]) -> Estimate | None:
    present = [value for value in values if value is not None]
    return estimate(present) if len(present) == len(values) else None
