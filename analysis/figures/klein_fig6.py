"""Klein et al. 2024, Figure 6: average ranks of search methods over tasks, as they go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.appearance import Appearance, appearances, in_order
from analysis.clusters import clusters
from analysis.comparison import Comparison
from analysis.drawing import STYLE, Clock, Drawing, NothingToDrawError, Options, legend_below, panels, wrapped
from analysis.ranks import bootstrap_ranks
from analysis.search_trajectories import repetitions, span
from analysis.task_groups import TaskGroup, settings_left_out, task_groups
from analysis.variants import Variants, normalised, variants

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MADE_BY = "python -m nasbench -m +sweep=klein_fig6"

METHODS = ("s_nas", "ws_nas")
STEPS = 100
"""Steps in time at which methods are ranked: hundredths of a task's search, from any run's first trial to the last."""

SHARES = np.arange(STEPS + 1) / STEPS


@dataclass(frozen=True, slots=True)
class _Panel:
    """Runs of one method on the tasks of a group: of each task, those that differ in their search."""

    group: TaskGroup
    method: str
    tasks: Mapping[str, Variants]

    @property
    def model(self) -> str:
        return self.group.name

    @property
    def searches(self) -> list[str]:
        """Those that every task has."""
        return in_order(set.intersection(*(set(found.runs) for found in self.tasks.values())))

    @property
    def repetitions(self) -> int:
        """Those that every task has of every search."""
        return min(len(clusters(found.runs[name])) for found in self.tasks.values() for name in self.searches)

    def left_out(self) -> list[str]:
        """Sentences on the searches and the repetitions that not all tasks have."""
        every = in_order({name for found in self.tasks.values() for name in found.runs})
        others = [name for name in every if name not in self.searches]
        sentences = [f"left out, as not all tasks have them: {', '.join(others)}"] if others else []
        counts = {
            f"{name} on {task}": len(clusters(found.runs[name]))
            for task, found in self.tasks.items()
            for name in self.searches
        }
        more = [f"{number} of {where}" for where, number in counts.items() if number > self.repetitions]
        if more:
            sentences.append(
                f"there are unequally many repetitions ({', '.join(more)}): "
                f"those after the first {self.repetitions} are left out"
            )
        return sentences


def draw_together(comparisons: Sequence[Comparison], options: Options) -> Drawing:
    """Average ranks over bootstrap samples of tasks and repetitions, with their 95% percentile intervals as bands.

    A loss is the negated hypervolume of quantiles over all runs of a task, reference (2, 2); a run without trials yet
    has 0. Searches are ranked that every task has, over as many repetitions as all of them have. Tasks are pooled whose
    settings differ in nothing else: each budget has its own panel.

    Data: model, method, search, time (share of the search), rank, low, high, tasks, repetitions.

    Raises:
        NothingToDrawError: no method has finished runs of two searches on any task.
    """
    found = [panel for panel in _panels(comparisons) if len(panel.searches) > 1]
    if not found:
        raise NothingToDrawError("no finished runs differ in nothing but their search, on all the tasks there are")
    data = pd.concat([_ranks(panel, options.clock) for panel in found], ignore_index=True)
    tasks = dict.fromkeys(task for panel in found for task in panel.tasks)
    models = list(dict.fromkeys(panel.model for panel in found))
    rows = -(-len(found) // 2)
    title = f"{wrapped('; '.join(models), 60)}\n{', '.join(tasks)}"
    figure, axes = panels(title, 0.5 + 1.6 * rows, rows, min(2, len(found)))
    looks = appearances(data["search"].unique())
    for place, panel in enumerate(found):
        of_panel = data[(data["model"] == panel.model) & (data["method"] == panel.method)]
        _draw(axes[place], of_panel, looks)
        if len(found) > 1:
            name = panel.method if len(models) == 1 else f"{panel.method} · {_short(panel.model)}"
            axes[place].set_title(wrapped(name), loc="left")
        axes[place].set_xlabel(f"{options.clock.value} (share of the search)")
    for unused in axes[len(found) :]:
        unused.set_visible(False)
    figure.supylabel("average rank", fontsize=STYLE["axes.labelsize"])
    legend_below(figure, max(axes, key=lambda panel: len(panel.get_legend_handles_labels()[1])))
    runs = [run for panel in found for of_task in panel.tasks.values() for run in of_task.every]
    return Drawing(figure, data, runs=runs, notes=_notes(found, comparisons))


def _short(model: str) -> str:
    """A group's name without source and scale."""
    name, _, rest = model.partition(" (")
    return name + rest.partition(")")[2]


def _panels(comparisons: Sequence[Comparison]) -> list[_Panel]:
    """Those of one checkpoint beside each other."""
    found = [panel for method in METHODS for panel in _of_method(comparisons, method)]
    models = list(dict.fromkeys(panel.model for panel in found))
    return sorted(found, key=lambda panel: models.index(panel.model))


def _of_method(comparisons: Sequence[Comparison], method: str) -> list[_Panel]:
    searched = {c.setting: found for c in comparisons if (found := variants(c, method, "search"))}
    groups = task_groups(comparisons, lambda c: len(searched[c.setting].every) if c.setting in searched else 0)
    return [_Panel(group, method, {task: searched[c.setting] for task, c in group.of_task.items()}) for group in groups]


def _notes(found: Sequence[_Panel], comparisons: Sequence[Comparison]) -> list[str]:
    """What is left out, panel by panel and method by method."""
    sentences = [f"{panel.method} · {panel.model}: {sentence}" for panel in found for sentence in panel.left_out()]
    for method in METHODS:
        there = [c for c in comparisons if any(run.header.method == method for run in c.finished())]
        shown = [c for panel in found if panel.method == method for c in panel.group.of_task.values()]
        sentences += [f"{method}: {sentence}" for sentence in settings_left_out(there, shown)]
    return sentences


def _ranks(panel: _Panel, clock: Clock) -> pd.DataFrame:
    curves = []  # of each task, of each search [repetitions, steps]
    for found in panel.tasks.values():
        transform, (first, last) = normalised(found), span(found.every, clock)
        grid = first + SHARES * (last - first)
        curves.append([repetitions(found.runs[name], clock, transform, grid) for name in panel.searches])
    fewest = panel.repetitions
    values = np.array([[of_search[:fewest] for of_search in of_task] for of_task in curves])
    ranks = bootstrap_ranks(-values.swapaxes(0, 1))  # [searches, tasks, repetitions, steps]
    frames = [
        pd.DataFrame(
            {
                "model": panel.model,
                "method": panel.method,
                "search": name,
                "time": SHARES,
                "rank": ranks.mean[i],
                "low": ranks.low[i],
                "high": ranks.high[i],
                "tasks": len(panel.tasks),
                "repetitions": fewest,
            }
        )
        for i, name in enumerate(panel.searches)
    ]
    return pd.concat(frames, ignore_index=True)


def _draw(axes: Axes, data: pd.DataFrame, looks: Mapping[str, Appearance]) -> None:
    for name, of_search in data.groupby("search", sort=False):
        look = looks[str(name)]
        axes.plot(of_search["time"], of_search["rank"], color=look.colour, linestyle=look.line, label=name)
        axes.fill_between(
            of_search["time"], of_search["low"], of_search["high"], color=look.colour, alpha=0.15, linewidth=0
        )
    axes.set_xlim(0, 1)
