"""Test score against size: what each method offers. One panel, one colour a method."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Any

import moocore
import numpy as np
import pandas as pd

from analysis import commands
from analysis.appearance import UNPRUNED, Appearance, appearances
from analysis.comparison import Comparison
from analysis.drawing import Axis, Drawing, NothingToDrawError, Options, blank, legend_below, reference_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BY_DEFAULT = True
MADE_BY = commands.ALL_METHODS

_DENSE = 2000
"""Points of a method above which they are a picture in a PDF too: shapes take longer to draw, and to look at."""

_FRACTIONS = (0.95, 0.9)


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Test points of the fronts that were selected on validation.

    Points are all seeds' members. The line is the median attainment surface over seeds (Fonseca and Fleming 1996): what
    half of the seeds reach or better; for one seed it is the front. The unpruned network is a star at its mean score,
    with a bar from its worst seed to its best, and lines at 95% and 90% of the mean.

    Data: part (point, attainment or reference), method, seed, trial, size (fraction of the unpruned), score.

    Raises:
        NothingToDrawError: no finished run has test results.
    """
    data = _data(comparison, options.axis)
    if data.empty:
        raise NothingToDrawError("no finished run has test results")
    figure, axes = blank(comparison.setting.title, 2.2)
    looks = appearances(comparison.methods)
    for method in data.loc[data["part"] == "point", "method"].unique():
        of_method = data[data["method"] == method]
        if method == UNPRUNED:
            _draw_unpruned(axes, of_method, looks[method])
        else:
            _draw_method(axes, of_method, looks[method])
    references = data[data["part"] == "reference"]
    reference_lines(axes, dict(zip(references["method"], references["score"], strict=True)))
    axes.set_xlim(math.floor(10 * data["size"].min()) / 10 - 0.02, 1.03)
    axes.set_xlabel(f"{options.axis.words} (fraction of all)")
    axes.set_ylabel(f"test {comparison.setting.metric}")
    legend_below(figure, axes)
    return Drawing(figure, data)


def _data(comparison: Comparison, axis: Axis) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for label in comparison.methods:
        tested = [
            (run.header.seed, member) for run in comparison.finished(label) for member in comparison.fronts[run.path]
        ]
        rows += [("point", label, seed, m.trial, axis.size(m), m.test_score) for seed, m in tested]
        if label == UNPRUNED and tested:
            mean = statistics.fmean(member.test_score for _, member in tested)
            rows += [("reference", f"{part:.0%} of {label}", None, None, math.nan, part * mean) for part in _FRACTIONS]
        elif tested:
            points = np.array([(axis.size(m), -m.test_score) for _, m in tested])
            surface = moocore.eaf(points, [seed for seed, _ in tested], percentiles=[50])
            rows += [
                ("attainment", label, None, None, size, -negative) for size, negative, _ in sorted(surface.tolist())
            ]
    frame = pd.DataFrame(rows, columns=["part", "method", "seed", "trial", "size", "score"])
    return frame.astype({"seed": "Int64", "trial": "Int64"})


def _draw_method(axes: Axes, data: pd.DataFrame, look: Appearance) -> None:
    points, surface = data[data["part"] == "point"], data[data["part"] == "attainment"]
    alone = points["seed"].nunique() == 1
    axes.plot(
        points["size"],
        points["score"],
        look.marker,
        color=look.colour,
        alpha=0.9 if alone else 0.45,
        markeredgewidth=0,
        rasterized=len(points) > _DENSE,
    )
    sizes, scores = [*surface["size"], 1.0], [*surface["score"], surface["score"].iloc[-1]]
    axes.step(sizes, scores, where="post", color=look.colour, linestyle=look.line)
    method = data["method"].iloc[0]
    axes.plot([], [], look.marker, color=look.colour, linestyle=look.line, markeredgewidth=0, label=method)


def _draw_unpruned(axes: Axes, data: pd.DataFrame, look: Appearance) -> None:
    size, scores = data["size"].iloc[0], data["score"]
    axes.vlines(size, scores.min(), scores.max(), color=look.colour, linewidth=1, clip_on=False, zorder=4)
    style: dict[str, Any] = {
        "markersize": 6.5,
        "markeredgewidth": 0,
        "linestyle": "none",
        "clip_on": False,
        "zorder": 5,
    }
    axes.plot([size], [scores.mean()], look.marker, color=look.colour, label=data["method"].iloc[0], **style)
