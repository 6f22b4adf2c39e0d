"""A run's trials as arrays, against the records one by one."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.columns import Columns
from nasbench.records import Architecture, Evaluation, Proposal, Sizes, Stage, Status, Trial

SIZES = Sizes(2, 1, 1)


def ended(index: int, proposal: Proposal, cost: int, *, spent: int, seconds: float, **found: object) -> Trial:
    evaluation = Evaluation(status=Status.OK, cost=cost, sizes=SIZES, seconds=seconds, **found)  # type: ignore[arg-type]
    return Trial(index, index, proposal, evaluation, spent)


FIRST = ended(0, Proposal(Architecture((1,))), 5, spent=7, seconds=0.5, validation={"size": 1, "error": 0.1})
FAILED = Trial(1, 1, Proposal(Architecture((2,))), Evaluation(status=Status.FAILED, cost=2**62, sizes=SIZES), 2**62 + 7)
LAST = ended(
    2,
    Proposal(Architecture((1,)), resumes=0),
    1,
    spent=2**62 + 8,
    seconds=2,
    validation={"error": 0.3, "size": 0.25},
    scores={"f1": 0.7},
    stages=(Stage(name="phase_0", steps=1, tokens=1, cost=1),),
)
FOR_THE_ANALYSIS = ended(
    3,
    Proposal(Architecture((3,)), analysis_only=True),
    1,
    spent=2**62 + 9,
    seconds=0.0,
    validation={"error": 0.2, "size": 0.5},
)


def test_objectives_are_of_trials_that_count_in_the_order_of_the_header() -> None:
    columns = Columns.of([FIRST, FAILED, LAST, FOR_THE_ANALYSIS], ["error", "size"])
    assert columns.ok.tolist() == [True, False, True, False]
    assert columns.points.tolist() == [[0.1, 1.0], [0.3, 0.25]]
    assert Columns.of([FIRST, LAST], ["size"]).points.tolist() == [[1.0], [0.25]]


def test_everything_else_is_of_all_trials_and_exact() -> None:
    columns = Columns.of([FIRST, FAILED, LAST], ["error", "size"])
    assert columns.spent.tolist() == [7, 2**62 + 7, 2**62 + 8]
    assert columns.cost.tolist() == [5, 2**62, 1]
    assert columns.seconds.tolist() == [0.5, 0.0, 2.0]
    assert columns.scored == {"f1"}
    assert (columns.resumed, columns.staged) == (True, True)


def test_a_run_without_trials_or_objectives() -> None:
    none, failed = Columns.of([], ["error", "size"]), Columns.of([FAILED], ["error", "size"])
    assert none.points.shape == failed.points.shape == (0, 2)
    assert (none.ok.tolist(), failed.ok.tolist()) == ([], [False])
    assert (failed.scored, failed.resumed, failed.staged) == (frozenset(), False, False)


def test_what_all_share_cannot_be_changed() -> None:
    columns = Columns.of([FIRST, LAST], ["error", "size"])
    for array in (columns.ok, columns.points, columns.spent, columns.cost, columns.seconds):
        with pytest.raises(ValueError, match="read-only"):
            array += np.ones_like(array)
