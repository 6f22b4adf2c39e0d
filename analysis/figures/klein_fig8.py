"""Klein et al. 2024, Figure 8: test score that is left at each size, against the unpruned network."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import commands
from analysis.appearance import UNPRUNED, Appearance, appearances
from analysis.clusters import repetitions
from analysis.comparison import Comparison
from analysis.drawing import (
    THRESHOLDS,
    Axis,
    Drawing,
    NothingToDrawError,
    Options,
    blank,
    legend_below,
    reference_lines,
)
from analysis.selection import Member, best_within
from nasbench.results import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BY_DEFAULT = True
MADE_BY = commands.ALL_METHODS


def draw(comparison: Comparison, options: Options) -> Drawing:
    """TEST score of the member with the best VALIDATION score among those with at most so many parameters.

    Mean over seeds as a line, their range as bars; a marker is open where some seed has no member so small, and the
    mean is of the others. Lines at the unpruned network's mean score and at 95% and 90% of it.

    Data: part (score or reference), method, threshold (fraction of the unpruned network's parameters), mean, low, high,
    seeds (that have a member so small), of (finished seeds).

    Raises:
        NothingToDrawError: no finished run of the unpruned network or of any other method has test results.
    """
    data = _data(comparison, options)
    drawn = [str(method) for method in data.loc[data["part"] == "score", "method"].unique()]
    if not drawn:
        raise NothingToDrawError("no finished run of a method that prunes has test results within its thresholds")
    if not (data["part"] == "reference").any():
        raise NothingToDrawError("no finished run of unpruned is there, which scores are compared with")
    figure, axes = blank(comparison.setting.title, 2.2)
    looks = appearances(comparison.methods)
    for place, method in enumerate(drawn):
        # Side by side within a threshold, so that bars do not cover each other.
        shift = (place - (len(drawn) - 1) / 2) * min(0.007, 0.04 / len(drawn))
        _draw_method(axes, data[data["method"] == method], looks[method], shift)
    references = data[data["part"] == "reference"]
    reference_lines(axes, dict(zip(references["method"], references["mean"], strict=True)))
    axes.margins(y=0.1)
    axes.set_xlabel(f"{options.axis.words} kept, at most (fraction of all)")
    axes.set_ylabel(f"test {comparison.setting.metric}" + ("\n(mean and range over seeds)" if _many(data) else ""))
    legend_below(figure, axes)
    return Drawing(figure, data)


def _data(comparison: Comparison, options: Options) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for label in comparison.methods:
        runs = comparison.finished(label)
        fronts = {run.path: comparison.fronts[run.path] for run in runs}
        if label == UNPRUNED:
            rows += _references([member.test_score for front in fronts.values() for member in front])
            continue
        rows += filter(None, (_row(label, runs, fronts, t, options.axis) for t in THRESHOLDS[options.thresholds]))
    frame = pd.DataFrame(rows, columns=["part", "method", "threshold", "mean", "low", "high", "seeds", "of"])
    return frame.astype({"threshold": float})


def _references(scores: Sequence[float]) -> list[tuple[Any, ...]]:
    if not scores:
        return []
    spread, seeds = (statistics.fmean(scores), min(scores), max(scores)), len(scores)
    shares = {UNPRUNED: 1.0, f"95% of {UNPRUNED}": 0.95, f"90% of {UNPRUNED}": 0.9}
    return [
        ("reference", name, None, *(share * value for value in spread), seeds, seeds) for name, share in shares.items()
    ]


def _row(
    label: str, runs: Sequence[Run], fronts: Mapping[Path, Sequence[Member]], threshold: float, axis: Axis
) -> tuple[Any, ...] | None:
    best = {path: best_within(front, threshold, axis.size) for path, front in fronts.items()}
    scores = {path: member.test_score for path, member in best.items() if member}
    if not scores:
        return None
    values = repetitions(runs, lambda run: scores.get(run.path))
    return "score", label, threshold, statistics.fmean(values), min(values), max(values), len(scores), len(runs)


def _many(data: pd.DataFrame) -> bool:
    return bool(data["of"].max() > 1)


def _draw_method(axes: Axes, data: pd.DataFrame, look: Appearance, shift: float) -> None:
    at = data["threshold"] + shift
    axes.vlines(at, data["low"], data["high"], color=look.colour, linewidth=0.8, alpha=0.7)
    axes.plot(at, data["mean"], color=look.colour, linestyle=look.line)
    whole = data["seeds"] == data["of"]
    axes.plot(at[whole], data["mean"][whole], look.marker, color=look.colour, markeredgewidth=0)
    axes.plot(at[~whole], data["mean"][~whole], look.marker, color=look.colour, markerfacecolor="white")
    label = str(data["method"].iloc[0])
    axes.plot([], [], look.marker, color=look.colour, linestyle=look.line, markeredgewidth=0, label=label)
