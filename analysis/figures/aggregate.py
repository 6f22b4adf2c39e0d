"""Methods over tasks: interquartile mean of the test hypervolume, and how probably each improves on a baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import commands
from analysis.appearance import appearances
from analysis.comparison import Comparison
from analysis.drawing import GREY, Drawing, Options, Table, panels, wrapped
from analysis.intervals import Estimate, interquartile_mean, probability_of_improvement
from analysis.over_tasks import OverTasks, notes, over_tasks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MADE_BY = commands.TWO_TASKS

VIEWS = {"iqm": "interquartile mean", "improvement": "P(improvement)"}


def draw_together(comparisons: Sequence[Comparison], options: Options) -> Drawing:
    """Points with stratified bootstrap 95% intervals: tasks are strata (Agarwal et al. 2021, sections 4.2 and 4.3).

    Scores are TEST hypervolumes of raw objectives, reference (1, ..., 1), which lie between 0 and 1. The baseline is
    `options.baseline`, else standard NAS, else the first method.

    Of each method as many repetitions are taken as the task with the fewest has. Groups of tasks that differ in more
    (budget, say) stand apart.

    Data: model, method, baseline, tasks, repetitions, iqm and improvement, each with `_low` and `_high`: NaN for a
    single repetition.

    Raises:
        NothingToDrawError: no two methods have finished runs of two tasks in common.
        InputError: `options.baseline` is none of the methods.
    """
    found = over_tasks(comparisons, methods=2)
    data = pd.concat([_data(group, options) for group in found], ignore_index=True)
    tasks = dict.fromkeys(task for group in found for task in group.tasks)
    lines = sum(wrapped(label).count("\n") + 2 for group in found for label in group.scores)
    title = f"{wrapped('; '.join(group.name for group in found), 60)}\n{', '.join(tasks)}"
    figure, axes = panels(title, 0.5 + 0.45 * len(found) + 0.1 * lines, len(found), 2)
    for place, group in enumerate(found):
        of_group = data[data["model"] == group.name]
        names, pair = [wrapped(label) for label in group.scores], axes[2 * place : 2 * place + 2]
        for panel, view in zip(pair, VIEWS, strict=True):
            _panel(panel, of_group, view)
        pair[0].set_yticks(range(len(names)), names, fontsize=5.5)
        pair[1].set_yticks(range(len(names)), [""] * len(names))
        pair[0].set_xlabel("test hypervolume", fontsize=6)
        pair[1].set_xlabel(wrapped(f"P(better than {of_group['baseline'].iloc[0]})", 23), fontsize=6)
        pair[1].axvline(0.5, color=GREY, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
        pair[1].set_xlim(-0.05, 1.05)
        if len(found) > 1:
            pair[0].set_title(group.name, loc="left")
    runs = [run for group in found for run in group.runs]
    cut = [f"{group.name}: {sentence}" for group in found for sentence in group.cut()]
    return Drawing(figure, data, table=_table(data), runs=runs, notes=[*notes(found, comparisons), *cut])


def _data(group: OverTasks, options: Options) -> pd.DataFrame:
    scores = group.rectangular()
    baseline = options.compared_with(list(scores), default="s_nas")
    rows = []
    for label, of_method in scores.items():
        row = {"model": group.name, "method": label, "baseline": baseline, "tasks": len(group.tasks)}
        row |= {"repetitions": len(of_method[0]), **_ends("iqm", interquartile_mean(of_method))}
        rows.append(row | _ends("improvement", probability_of_improvement(of_method, scores[baseline])))
    return pd.DataFrame(rows)


def _ends(name: str, estimate: Estimate) -> dict[str, float]:
    low, high = estimate.interval or (math.nan, math.nan)
    return {name: estimate.value, f"{name}_low": low, f"{name}_high": high}


def _panel(axes: Axes, data: pd.DataFrame, view: str) -> None:
    looks = appearances(data["method"])
    for place, row in enumerate(data.to_dict("records")):
        if view == "improvement" and row["method"] == row["baseline"]:
            continue  # half of its runs are above another half
        look = looks[row["method"]]
        axes.hlines(place, row[f"{view}_low"], row[f"{view}_high"], color=look.colour, linewidth=1.4)
        axes.plot(row[view], place, look.marker, color=look.colour, markersize=4, markeredgewidth=0, clip_on=False)
    axes.set_ylim(len(data) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.locator_params(axis="x", nbins=4)


def _table(data: pd.DataFrame) -> Table:
    caption = (
        "Test hypervolume over tasks and seeds, and the probability that a run is above one of the baseline on the "
        "same task (ties count half), with stratified bootstrap 95% intervals, too narrow for few repetitions."
    )
    cells = [
        [
            row["model"],
            row["method"],
            f"{row['tasks']} x {row['repetitions']}",
            *(_told(row, view) for view in VIEWS),
        ]
        for row in data.to_dict("records")
    ]
    headings = ["model", "method", "tasks x repetitions", *VIEWS.values()]
    return Table(
        data=data,
        headings=headings,
        cells=cells,
        caption=caption,
        text_columns=2,
    )


def _told(row: Mapping[Any, Any], view: str) -> str:
    low, high = row[f"{view}_low"], row[f"{view}_high"]
    return f"{row[view]:.3f} " + ("(-)" if math.isnan(low) else f"({low:.3f} to {high:.3f})")
