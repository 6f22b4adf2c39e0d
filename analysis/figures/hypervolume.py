"""Hypervolume of the validation front over COST: how fast each method gets there."""

from __future__ import annotations

from analysis import commands
from analysis.appearance import appearances
from analysis.comparison import Comparison
from analysis.drawing import Drawing, NothingToDrawError, Options, blank, legend_below
from analysis.trajectory import horizon, hypervolume_over_cost

BY_DEFAULT = True
MADE_BY = commands.ALL_METHODS


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Mean over seeds as a step line, their range as a band.

    A method whose hypervolume stays 0 has no line: so the unpruned network alone, whose size is the reference's.

    Data: method, cost_epochs, mean, low, high, seeds.

    Raises:
        NothingToDrawError: no finished run has any hypervolume.
    """
    data = hypervolume_over_cost(comparison)
    data = data[data.groupby("method")["high"].transform("max") > 0].reset_index(drop=True)
    if data.empty:
        raise NothingToDrawError("no finished run has a trial better than the reference point")
    figure, axes = blank(comparison.setting.title, 2.1)
    looks = appearances(comparison.methods)
    for method, steps in data.groupby("method", sort=False):
        look = looks[str(method)]
        axes.step(
            steps["cost_epochs"], steps["mean"], where="post", color=look.colour, linestyle=look.line, label=method
        )
        if steps["seeds"].iloc[0] > 1:
            axes.fill_between(
                steps["cost_epochs"],
                steps["low"],
                steps["high"],
                step="post",
                color=look.colour,
                alpha=0.15,
                linewidth=0,
            )
    axes.set_xlim(0, horizon(comparison))
    axes.set_ylim(0, 1.06 * data["high"].max())
    axes.set_xlabel("COST (training epochs of the unpruned network)")
    axes.set_ylabel("validation hypervolume" + ("\n(mean and range over seeds)" if data["seeds"].max() > 1 else ""))
    legend_below(figure, axes)
    return Drawing(figure, data)
