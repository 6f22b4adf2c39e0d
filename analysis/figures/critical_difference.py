"""Critical-difference diagram: average ranks over tasks, bars join methods that do not differ significantly."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from string import ascii_lowercase
from typing import TYPE_CHECKING

import pandas as pd

from analysis import commands
from analysis.appearance import appearances
from analysis.comparison import Comparison
from analysis.critical_difference import CriticalDifference, critical_difference
from analysis.drawing import Drawing, Options, Table, panels, wrapped
from analysis.over_tasks import OverTasks, notes, over_tasks
from analysis.ranks import ranks_over_tasks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MADE_BY = commands.TWO_TASKS

ALPHA = 0.05

_WIDTH = 22
"""Characters of a name before it is wrapped."""


def draw_together(comparisons: Sequence[Comparison], options: Options) -> Drawing:
    """Demšar (2006), Figure 1: methods are ranked on each task by their mean TEST hypervolume over seeds.

    Intervals of ranks are bootstrap ones over tasks and repetitions (in the table). Groups of tasks that differ in more
    (budget, say) stand apart.

    Data: model, method, rank, low, high, tasks, friedman (p-value of "all methods are alike"), difference (Nemenyi's
    critical one at 5%), groups (letters of the bars that the method is under, from the best; - for none).

    Raises:
        NothingToDrawError: no three methods have finished runs of two tasks in common.
    """
    found = over_tasks(comparisons, methods=3)
    tested = [critical_difference(_losses(group), alpha=ALPHA) for group in found]
    data = pd.concat([_data(group, test) for group, test in zip(found, tested, strict=True)], ignore_index=True)
    tasks = dict.fromkeys(task for group in found for task in group.tasks)
    heights = [_height(group, test) for group, test in zip(found, tested, strict=True)]
    title = f"{wrapped('; '.join(group.name for group in found), 60)}\n{', '.join(tasks)}"
    figure, axes = panels(title, sum(heights), len(found))
    for panel, group, test in zip(axes, found, tested, strict=True):
        _draw(panel, list(group.scores), test, len(group.tasks))
        if len(found) > 1:
            panel.set_title(group.name, loc="left")
    runs = [run for group in found for run in group.runs]
    return Drawing(figure, data, table=_table(data), runs=runs, notes=notes(found, comparisons))


def _losses(group: OverTasks) -> list[list[float]]:
    return [[-statistics.fmean(task) for task in tasks] for tasks in group.scores.values()]


def _data(group: OverTasks, test: CriticalDifference) -> pd.DataFrame:
    ranks = ranks_over_tasks([[[-value for value in task] for task in tasks] for tasks in group.scores.values()])
    rows = []
    for number, (label, estimate) in enumerate(zip(group.scores, ranks, strict=True)):
        low, high = estimate.interval or (math.nan, math.nan)
        groups = "".join(ascii_lowercase[i] for i, members in enumerate(test.groups) if number in members) or "-"
        rows.append((group.name, label, estimate.value, low, high, estimate.n, test.friedman, test.difference, groups))
    names = ["model", "method", "rank", "low", "high", "tasks", "friedman", "difference", "groups"]
    return pd.DataFrame(rows, columns=names).sort_values("rank", kind="stable", ignore_index=True)


def _lines(label: str) -> int:
    return wrapped(label, _WIDTH).count("\n") + 1


def _height(group: OverTasks, test: CriticalDifference) -> float:
    """Inches: half of the names stand on each side."""
    names = sum(sorted((_lines(label) for label in group.scores), reverse=True)[: -(-len(group.scores) // 2)])
    return 0.95 + 0.09 * len(test.groups) + 0.12 * names


def _draw(axes: Axes, labels: Sequence[str], test: CriticalDifference, tasks: int) -> None:
    looks = appearances(labels)
    worst = len(labels)
    order = sorted(range(worst), key=lambda method: (test.ranks[method], method))
    bars = 0.8 * (len(test.groups) + 1)
    left, right = order[: -(-worst // 2)], order[-(-worst // 2) :][::-1]
    lowest = 0.0
    for side, methods in ((1.0, left), (float(worst), right)):
        y = bars
        for method in methods:
            lines = _lines(labels[method])
            y += 0.5 * lines + 0.2
            rank, colour = test.ranks[method], looks[labels[method]].colour
            axes.plot([rank, rank, side], [0, y, y], color=colour, linewidth=0.8, clip_on=False)
            _name(axes, wrapped(labels[method], _WIDTH), side, y, left=side == 1.0)
            y += 0.5 * lines
        lowest = max(lowest, y)
    for place, group in enumerate(test.groups):
        ends = [test.ranks[group[0]] - 0.04, test.ranks[group[-1]] + 0.04]
        axes.plot(ends, [0.8 * (place + 1)] * 2, color="black", linewidth=2.2, solid_capstyle="butt")
    y = lowest + 0.8
    axes.plot([1, min(1 + test.difference, worst)], [y, y], color="black", linewidth=1, marker="|", clip_on=False)
    axes.annotate(f"critical difference {test.difference:.2f}", (1, y + 0.3), fontsize=5.5, va="top")
    axes.set_ylim(y + 1.4, 0)
    _axis(axes, worst, f"average rank over {tasks} tasks (Friedman p = {test.friedman:.2g})")


def _name(axes: Axes, name: str, x: float, y: float, *, left: bool) -> None:
    axes.annotate(
        name,
        (x, y),
        xytext=(-3 if left else 3, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        fontsize=5.5,
        annotation_clip=False,
    )


def _axis(axes: Axes, worst: int, label: str) -> None:
    axes.set_xlim(1, worst)
    axes.set_xlabel(label)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.spines["top"].set_visible(True)
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.set_xticks(range(1, worst + 1, -(-worst // 8)))
    axes.set_yticks([])
    axes.grid(visible=False)


def _table(data: pd.DataFrame) -> Table:
    cells = [
        [row["model"], row["method"], f"{row['rank']:.2f}", f"{row['low']:.2f} to {row['high']:.2f}", row["groups"]]
        for row in data.to_dict("records")
    ]
    caption = (
        "Average rank over tasks by mean test hypervolume, 1 is best, with 95% bootstrap intervals over tasks and "
        "repetitions, too narrow where tasks are few. Methods under one bar do not differ significantly (Nemenyi, 5%)."
    )
    headings = ["model", "method", "average rank", "95% interval", "bars"]
    return Table(
        data=data,
        headings=headings,
        cells=cells,
        caption=caption,
        text_columns=2,
    )
