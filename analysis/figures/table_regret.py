"""Searches on a table of all architectures: regret of the hypervolume against the true Pareto front."""

from __future__ import annotations

from analysis.appearance import appearances
from analysis.comparison import Comparison
from analysis.drawing import Drawing, NothingToDrawError, Options, blank, legend_below
from analysis.true_regret import regret_over_evaluations, searches

MADE_BY = "python -m nasbench table search TABLE"


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Mean over seeds as a step line on a logarithmic axis, Student's 95% interval of the mean as a band.

    A line ends where every seed has found the whole front.

    Data: as `analysis.true_regret.regret_over_evaluations`.

    Raises:
        NothingToDrawError: no finished run is one on a table.
    """
    from matplotlib.ticker import LogLocator

    data = regret_over_evaluations(searches(comparison))
    if data.empty:
        raise NothingToDrawError("no finished run is one on a table")
    figure, axes = blank(comparison.setting.title, 2.4)
    looks = appearances(data["search"].unique())
    for name, steps in data.groupby("search", sort=False):
        steps, look = steps[steps["regret"] > 0], looks[str(name)]
        x = steps["evaluations"]
        axes.step(x, steps["regret"], where="post", color=look.colour, linestyle=look.line, label=name)
        if steps["low"].notna().any():
            axes.fill_between(x, steps["low"], steps["high"], step="post", color=look.colour, alpha=0.15, linewidth=0)
    if (data["regret"] > 0).any():
        axes.set_yscale("log", nonpositive="clip", subs=[])
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # regret seldom spans decades
        axes.yaxis.set_minor_formatter("")
        axes.yaxis.set_major_formatter("{x:g}")  # matplotlib's own writes mathematics, which the style does not read
        axes.set_ylim(bottom=0.5 * data["regret"][data["regret"] > 0].min())
    axes.set_xlabel("evaluations")
    seeds = "\n(mean and 95% interval)" if data["seeds"].max() > 1 else ""
    axes.set_ylabel(f"regret of the validation\nhypervolume{seeds}")
    legend_below(figure, axes)
    return Drawing(figure, data)
