"""What a run chose: everything is selected on the validation split, and only then reported on the test split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from nasbench.errors import InputError
from nasbench.pareto import hypervolume, non_dominated
from nasbench.results import Run

THRESHOLDS = (0.25, 0.5, 0.75, 1.0)
"""Fractions of the unpruned network's encoder parameters at which the best score is reported."""

TOLERANCE = 0.05
"""How much of the best validation score the suggested sub-network may give up for its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a run's validation front, with its test results.

    Attributes:
        trial: index of the trial.
        relative_parameters, relative_encoder_parameters: fractions of the unpruned network's.
        validation_score, test_score: the task's main metric, higher is better.
        test_point: test objectives in the order of the header's, minimised.
    """

    trial: int
    parameters: int
    relative_parameters: float
    relative_encoder_parameters: float
    validation_score: float
    test_score: float
    test_point: tuple[float, ...]


def score(run: Run, scores: Mapping[str, float]) -> float:
    """The task's main metric.

    Raises:
        InputError: the row lacks it.
    """
    metric = run.header.metric
    if metric not in scores:
        raise InputError(f"{run.path} has a row without {metric}, the metric that its header names")
    return scores[metric]


def front(run: Run) -> list[int]:
    """Indices of the trials that no other dominates on validation, in their order; of equal ones the first."""
    indices, points = np.flatnonzero(run.columns.ok), run.columns.points
    return indices[non_dominated(points)].tolist() if len(indices) else []


def members(run: Run, of_front: Sequence[int] | None = None) -> list[Member]:
    """The validation front with its test results, from the smallest to the largest; untested members are left out.

    A test row of a trial outside the front changes nothing: the test split selects nothing.

    Args:
        of_front: `front`, where it is known.
    """
    full, tests = run.header.full, {test.trial: test for test in run.tests if test.ok}
    found = [
        Member(
            trial=trial.index,
            parameters=trial.evaluation.sizes.parameters,
            relative_parameters=trial.evaluation.sizes.parameters / full.parameters,
            relative_encoder_parameters=trial.evaluation.sizes.encoder_parameters / full.encoder_parameters,
            validation_score=score(run, trial.evaluation.scores),
            test_score=score(run, tests[trial.index].scores),
            test_point=tuple(tests[trial.index].objectives[name] for name in run.header.objectives),
        )
        for trial in map(run.trials.__getitem__, front(run) if of_front is None else of_front)
        if trial.index in tests
    ]
    return sorted(found, key=lambda member: (member.relative_encoder_parameters, member.trial))


def hypervolume_of(points: Sequence[tuple[float, ...]]) -> float:
    """Hypervolume of raw objectives [n, m], reference (1, ..., 1); 0.0 for no points."""
    return hypervolume(points, [1.0] * len(points[0])) if points else 0.0


def best_within(
    candidates: Sequence[Member],
    fraction: float,
    size: Callable[[Member], float] = attrgetter("relative_encoder_parameters"),
) -> Member | None:
    """The member with the best VALIDATION score among those within a fraction of the encoder's parameters.

    Of equal scores the smallest counts. None where no member is small enough.

    Args:
        size: of a member, if not that fraction of the encoder's parameters.
    """
    small = [member for member in candidates if size(member) <= fraction]
    return max(small, key=_rank, default=None)


def suggest(run: Run) -> int | None:
    """The trial to export: the smallest of the front whose validation score is within 5% of the run's best.

    Among equally small ones the better. None where the run has no trial with objectives.
    """
    chosen = suggested(members(run))
    return chosen.trial if chosen else None


def suggested(candidates: Sequence[Member]) -> Member | None:
    """The member that `suggest` names."""
    best = best_within(candidates, float("inf"))
    if best is None:
        return None
    enough = best.validation_score - TOLERANCE * abs(best.validation_score)  # a metric may be negative
    good = [member for member in candidates if member.validation_score >= enough]
    return min(good, key=lambda m: (m.relative_encoder_parameters, -m.validation_score, m.trial))


def _rank(member: Member) -> tuple[float, float, int]:
    return member.validation_score, -member.relative_encoder_parameters, -member.trial
