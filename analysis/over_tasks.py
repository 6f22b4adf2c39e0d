"""Methods over several tasks: which of their runs may be aggregated, and as what scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.appearance import UNPRUNED
from analysis.clusters import repetitions
from analysis.comparison import Comparison
from analysis.drawing import NothingToDrawError
from analysis.labels import GROUPS, group_config
from analysis.selection import hypervolume_on_test
from nasbench.results import Run

Scores = Mapping[str, tuple[tuple[float, ...], ...]]
"""Of each method, of each task its repetitions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverTasks:
    """Methods that all tasks of one checkpoint, source and scale have.

    Attributes:
        scores: hypervolume of the TEST points of validation fronts, raw objectives, reference (1, ..., 1).
        left_out: methods that some task lacks, or has with another space, search or strategy.
        runs: those behind the scores.
    """

    model: str
    tasks: tuple[str, ...]
    scores: Scores
    left_out: tuple[str, ...]
    runs: tuple[Run, ...]

    def rectangular(self) -> dict[str, list[list[float]]]:
        """Scores [tasks, repetitions] of each method: the first ones, as many as the task with the fewest has."""
        fewest = {label: min(map(len, of_method)) for label, of_method in self.scores.items()}
        return {label: [list(task[: fewest[label]]) for task in tasks] for label, tasks in self.scores.items()}

    @property
    def note(self) -> str:
        """What a reader has to know of it, in a sentence or none."""
        return f"Left out, as not all tasks have them alike: {', '.join(self.left_out)}." if self.left_out else ""


def over_tasks(comparisons: Sequence[Comparison], *, methods: int) -> list[OverTasks]:
    """The groups of comparisons that have two tasks and at least so many methods in common.

    The unpruned network, whose size is the reference point's, has no hypervolume and takes no part. A task in several
    settings (budgets, say) counts once, by the one with the most runs.

    Raises:
        NothingToDrawError: there are none.
    """
    groups: dict[str, dict[str, Comparison]] = defaultdict(dict)
    for comparison in comparisons:
        setting = comparison.setting
        of_model = groups[f"{setting.model} ({setting.source}, {setting.scale})"]
        known = of_model.get(setting.task)
        if comparison.finished() and (known is None or len(comparison.finished()) > len(known.finished())):
            of_model[setting.task] = comparison
    found = [_together(model, of_task) for model, of_task in groups.items() if len(of_task) > 1]
    found = [group for group in found if len(group.scores) >= methods]
    if not found:
        raise NothingToDrawError(
            f"no finished runs of {methods} methods or more, the unpruned network not counted, share two tasks"
        )
    return found


def _together(model: str, of_task: Mapping[str, Comparison]) -> OverTasks:
    every = dict.fromkeys(
        label
        for comparison in of_task.values()
        for label in comparison.methods
        if comparison.finished(label) and label != UNPRUNED
    )
    common = [label for label in every if _alike([comparison.finished(label) for comparison in of_task.values()])]
    return OverTasks(
        model=model,
        tasks=tuple(of_task),
        scores={
            label: tuple(
                tuple(repetitions(comparison.finished(label), hypervolume_on_test)) for comparison in of_task.values()
            )
            for label in common
        },
        left_out=tuple(label for label in every if label not in common),
        runs=tuple(run for comparison in of_task.values() for label in common for run in comparison.finished(label)),
    )


def _alike(of_tasks: Sequence[Sequence[Run]]) -> bool:
    """Whether every task has runs, and all of them the same space, search and strategy."""
    if not all(of_tasks):
        return False
    options = [[group_config(runs[0].header, group) for group in GROUPS] for runs in of_tasks]
    return all(chosen == options[0] for chosen in options)
