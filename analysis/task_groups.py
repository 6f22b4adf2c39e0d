"""Which comparisons of several tasks may be pooled: those whose settings differ in nothing but the task."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from analysis.comparison import Comparison, Setting

_OF_THE_TASK = ("task", "metric", "epoch_macs", "budget_macs", "parameters", "fingerprints.data")
"""Facts of a setting that are another task's own: its data, its sequences' lengths, its head. Those of `task.` are
too."""

_SHOWN = 3
"""Facts of a setting that a note names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskGroup:
    """Comparisons that may be pooled, one a task.

    Attributes:
        name: checkpoint, source and scale; where several groups share these, the budget too, else a digest.
    """

    name: str
    of_task: Mapping[str, Comparison]


def task_groups(comparisons: Sequence[Comparison], runs: Callable[[Comparison], int]) -> list[TaskGroup]:
    """Comparisons grouped by all that is not of their task: budget, data limits, objectives, science version.

    A task that is in a group twice, as with another split, counts once, by the comparison with the most runs, of
    equally many by the first.

    Args:
        runs: how many of a comparison's runs are of interest; one without any takes no part.
    """
    groups: dict[str, dict[str, Comparison]] = defaultdict(dict)
    for comparison in comparisons:
        of_task, task = groups[_shared(comparison.setting)], comparison.setting.task
        if runs(comparison) > (runs(of_task[task]) if task in of_task else 0):
            of_task[task] = comparison
    names = _names({_shared(comparison.setting): comparison.setting for comparison in comparisons})
    return [TaskGroup(name=names[shared], of_task=of_task) for shared, of_task in groups.items() if of_task]


def settings_left_out(comparisons: Sequence[Comparison], shown: Sequence[Comparison]) -> list[str]:
    """One sentence that names the comparisons with finished runs that are not among those shown; none without any."""
    settings = [comparison.setting for comparison in shown]
    others = [c.setting for c in comparisons if c.finished() and c.setting not in settings]
    if not others:
        return []
    named = "; ".join(_described(other, settings) for other in others)
    return [f"not pooled with what is shown, and left out: {named}"]


def _shared(setting: Setting) -> str:
    facts = {name: value for name, value in setting.named.items() if not _of_the_task(name)}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]


def _of_the_task(name: str) -> bool:
    return name in _OF_THE_TASK or name.startswith("task.")


def _names(settings: Mapping[str, Setting]) -> dict[str, str]:
    """Of each group the shortest name that no other has."""
    plain = {shared: f"{s.model} ({s.source}, {s.scale})" for shared, s in settings.items()}
    budgeted = {shared: f"{plain[shared]}, {s.budget}" for shared, s in settings.items()}
    taken = Counter([*plain.values(), *budgeted.values()])
    return {
        shared: next(
            (name for name in (plain[shared], budgeted[shared]) if taken[name] == 1), f"{budgeted[shared]}, {shared}"
        )
        for shared in settings
    }


def _described(setting: Setting, shown: Sequence[Setting]) -> str:
    """A setting by its task and by what tells it from the most similar one that is shown, of that task if there is."""
    same_task = [other for other in shown if other.task == setting.task]
    differing = min((_differing(setting, other) for other in same_task or shown), key=len, default={})
    facts = [f"{name} {value.strip(chr(34))[:20]}" for name, value in differing.items()]
    more = f" and {len(facts) - _SHOWN} more" if len(facts) > _SHOWN else ""
    told = f" with {', '.join(facts[:_SHOWN])}{more}" if facts else ""
    return f"{setting.task}{told}"


def _differing(setting: Setting, other: Setting) -> dict[str, str]:
    """The facts in which a setting differs from another, but for what follows from others and what is of its task."""
    theirs = other.named
    return {
        name: value
        for name, value in setting.named.items()
        if theirs.get(name) != value
        and not name.startswith(("budget.", "budget_"))
        and not (setting.task != other.task and _of_the_task(name))
    }
