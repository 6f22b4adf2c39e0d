"""Checklists of good practice, filled in from what run files hold: what they do not say is said to be missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from analysis import checks
from analysis.checks import Finding
from analysis.comparison import Comparison


class Source(StrEnum):
    NAS = "Best practices of NAS research (Lindauer and Hutter 2020)"
    REPRODUCIBILITY = "Machine learning reproducibility checklist (Pineau et al. 2021)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A question of a checklist, and what the runs say to it."""

    source: Source
    question: str
    finding: Finding


_Check = Callable[[Comparison], Finding]

_QUESTIONS: tuple[tuple[Source, str, _Check], ...] = (
    (Source.NAS, "Is the code of the runs a known commit?", checks.code),
    (Source.NAS, "Are the bounds of the search spaces stated?", checks.search_spaces),
    (Source.NAS, "Are hyperparameters of search and training, and random seeds stored?", checks.configurations),
    (Source.NAS, "Do all methods have the same data, splits, checkpoint and training?", checks.same_problem),
    (Source.NAS, "Do all methods have the same budget, and keep to it?", checks.budgets),
    (Source.NAS, "Are hardware, threads and library versions the same for all?", checks.confounders),
    (Source.NAS, "Is everything selected on validation, and test scored once?", checks.selection),
    (Source.NAS, "Is performance compared over time?", checks.over_time),
    (Source.NAS, "Is there a comparison with random search?", checks.random_search),
    (Source.NAS, "Are there several runs of each method?", checks.seeds),
    (Source.NAS, "Are there ablations: runs that differ in one option alone?", checks.ablations),
    (Source.NAS, "Is a tabular benchmark used for in-depth evaluation?", checks.tables),
    (Source.NAS, "Is the cost of the whole method reported, training of super-networks included?", checks.whole_cost),
    (Source.NAS, "Is it reported how hyperparameters were tuned?", checks.tuning),
    (Source.REPRODUCIBILITY, "Are the data identified, with the sizes of all splits?", checks.data),
    (Source.REPRODUCIBILITY, "Is the measure defined?", checks.measure),
    (Source.REPRODUCIBILITY, "Is the number of training and evaluation runs exact?", checks.counts),
    (Source.REPRODUCIBILITY, "Are failed and diverged trials told?", checks.failures),
    (Source.REPRODUCIBILITY, "Do results have a central tendency and a variation?", checks.variation),
    (Source.REPRODUCIBILITY, "Is the average run time of each result reported?", checks.run_time),
    (Source.REPRODUCIBILITY, "Is the computing infrastructure described?", checks.hardware),
    (Source.REPRODUCIBILITY, "Are dependencies named with their versions?", checks.dependencies),
    (Source.REPRODUCIBILITY, "Is energy use reported?", checks.energy),
)


def checklist(comparison: Comparison) -> list[Item]:
    """All questions in order, answered of the finished runs of a comparison."""
    return [Item(source=source, question=question, finding=check(comparison)) for source, question, check in _QUESTIONS]


def by_source(items: Iterable[Item]) -> dict[Source, list[Item]]:
    """The questions of each checklist."""
    items = list(items)
    return {source: [item for item in items if item.source is source] for source in Source}
