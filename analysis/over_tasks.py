"""Methods over several tasks: which of their runs may be aggregated, and as what scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.appearance import UNPRUNED
from analysis.clusters import repetitions
from analysis.comparison import Comparison
from analysis.drawing import NothingToDrawError
from analysis.labels import GROUPS, group_config
from analysis.selection import hypervolume_of
from analysis.task_groups import TaskGroup, settings_left_out, task_groups
from nasbench.results import Run

Scores = Mapping[str, tuple[tuple[float, ...], ...]]
"""Of each method, of each task its repetitions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverTasks:
    """Methods that all tasks of one group have.

    Attributes:
        scores: hypervolume of the TEST points of validation fronts, raw objectives, reference (1, ..., 1).
        left_out: methods that some task lacks, or has with another space, search or strategy.
    """

    group: TaskGroup
    scores: Scores
    left_out: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.group.name

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(self.group.of_task)

    @property
    def runs(self) -> tuple[Run, ...]:
        """Those behind the scores."""
        comparisons = self.group.of_task.values()
        return tuple(run for comparison in comparisons for label in self.scores for run in comparison.finished(label))

    def rectangular(self) -> dict[str, list[list[float]]]:
        """Scores [tasks, repetitions] of each method: the first ones, as many as the task with the fewest has."""
        fewest = {label: min(map(len, of_method)) for label, of_method in self.scores.items()}
        return {label: [list(task[: fewest[label]]) for task in tasks] for label, tasks in self.scores.items()}

    def cut(self) -> list[str]:
        """A sentence on each method of which `rectangular` leaves repetitions out."""
        sentences = []
        for label, of_method in self.scores.items():
            fewest = min(map(len, of_method))
            counts = [f"{len(scores)} of {task}" for task, scores in zip(self.tasks, of_method, strict=True)]
            if max(map(len, of_method)) > fewest:
                sentences.append(
                    f"{label} has unequally many repetitions ({', '.join(counts)}): "
                    f"those after the first {fewest} of a task are left out"
                )
        return sentences


def over_tasks(comparisons: Sequence[Comparison], *, methods: int) -> list[OverTasks]:
    """The groups of comparisons that have two tasks and at least so many methods in common.

    The unpruned network, whose size is the reference point's, has no hypervolume and takes no part.

    Raises:
        NothingToDrawError: there are none.
    """
    groups = task_groups(comparisons, lambda comparison: len(comparison.finished()))
    found = [_together(group) for group in groups if len(group.of_task) > 1]
    found = [group for group in found if len(group.scores) >= methods]
    if not found:
        raise NothingToDrawError(
            f"no finished runs of {methods} methods or more, the unpruned network not counted, share two tasks"
        )
    return found


def notes(found: Sequence[OverTasks], comparisons: Sequence[Comparison]) -> list[str]:
    """What a reader has to know of groups found among comparisons: methods and settings that are left out."""
    of_methods = [
        f"{group.name}: left out, as not all tasks have them alike: {', '.join(group.left_out)}"
        for group in found
        if group.left_out
    ]
    shown = [comparison for group in found for comparison in group.group.of_task.values()]
    return [*of_methods, *settings_left_out(comparisons, shown)]


def _together(group: TaskGroup) -> OverTasks:
    comparisons = group.of_task.values()
    every = dict.fromkeys(
        label
        for comparison in comparisons
        for label in comparison.methods
        if comparison.finished(label) and label != UNPRUNED
    )
    common = [label for label in every if _alike([comparison.finished(label) for comparison in comparisons])]
    scores = {label: tuple(_scores(comparison, label) for comparison in comparisons) for label in common}
    return OverTasks(group=group, scores=scores, left_out=tuple(label for label in every if label not in common))


def _scores(comparison: Comparison, label: str) -> tuple[float, ...]:
    points = {path: [member.test_point for member in front] for path, front in comparison.fronts.items()}
    return tuple(repetitions(comparison.finished(label), lambda run: hypervolume_of(points[run.path])))


def _alike(of_tasks: Sequence[Sequence[Run]]) -> bool:
    """Whether every task has runs, and all of them the same space, search and strategy."""
    if not all(of_tasks):
        return False
    options = [[group_config(runs[0].header, group) for group in GROUPS] for runs in of_tasks]
    return all(chosen == options[0] for chosen in options)
