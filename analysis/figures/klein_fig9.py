"""Klein et al. 2024, Figures 9 and 10: the front of one run of each method, test error against size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from analysis import commands
from analysis.appearance import UNPRUNED, Appearance, appearances
from analysis.comparison import Comparison
from analysis.drawing import Drawing, NothingToDrawError, Options, blank, legend_below
from nasbench.results import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MADE_BY = commands.ALL_METHODS


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Test errors of the front that was selected on VALIDATION, so a larger member may be the worse one on test.

    Error is 1 - score. The run is that of `options.seed`, or of the first seed that all methods have finished.

    Data: method, seed, trial, size (fraction of the unpruned network's), test_error, validation_error.

    Raises:
        NothingToDrawError: no seed, or not this one, has a finished run with test results of each method.
    """
    runs = {label: comparison.finished(label) for label in comparison.methods if comparison.finished(label)}
    seed = _seed(runs) if options.seed is None else options.seed
    chosen = {label: run for label, of_label in runs.items() for run in of_label if run.header.seed == seed}
    data = pd.DataFrame(
        [
            (label, seed, m.trial, options.axis.size(m), 1 - m.test_score, 1 - m.validation_score)
            for label, run in chosen.items()
            for m in comparison.fronts[run.path]
        ],
        columns=["method", "seed", "trial", "size", "test_error", "validation_error"],
    )
    if data.empty:
        raise NothingToDrawError(f"no finished run of seed {seed} has test results")
    figure, axes = blank(f"{comparison.setting.title}, seed {seed}", 2.2)
    looks = appearances(comparison.methods)
    for method, front in data.groupby("method", sort=False):
        _draw_front(axes, str(method), front, looks[str(method)])
    axes.set_xlabel(f"{options.axis.words} (fraction of all)")
    axes.set_ylabel(f"test error (1 - {comparison.setting.metric})")
    legend_below(figure, axes)
    return Drawing(figure, data)


def _seed(runs: Mapping[str, Sequence[Run]]) -> int | None:
    """The first seed that most methods have."""
    seeds = [run.header.seed for of_label in runs.values() for run in of_label]
    return min(seeds, key=lambda seed: (-seeds.count(seed), seed), default=None)


def _draw_front(axes: Axes, method: str, front: pd.DataFrame, look: Appearance) -> None:
    alone = {"markersize": 6.5, "linestyle": "none", "zorder": 5} if method == UNPRUNED else {"linestyle": look.line}
    axes.plot(
        front["size"],
        front["test_error"],
        marker=look.marker,
        color=look.colour,
        markeredgewidth=0,
        label=method,
        clip_on=False,
        **alone,
    )
