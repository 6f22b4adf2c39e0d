"""Orders and priorities of points, against fronts peeled off by hand and the fault that was published."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from nasbench.records import Architecture, Evaluation, Proposal, Sizes, Status, Trial
from nasbench.search.ranking import Ranking, front, front_order, observed, points, priorities
from tests.search.toy import trial
from tests.test_pareto import dominates

POINTS = npst.arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.integers(0, 6))


def trials(values: list) -> list[Trial]:
    return [trial(i, Proposal(Architecture((i,))), value) for i, value in enumerate(values)]


@given(POINTS)
def test_no_point_stands_before_one_that_dominates_it(values: np.ndarray) -> None:
    order = front_order(values)
    assert sorted(order) == list(range(len(values)))
    place = np.argsort(order)
    for i, a in enumerate(values):
        for j, b in enumerate(values):
            assert not dominates(a, b) or place[i] < place[j]


def test_an_order_by_hand() -> None:
    # The front is 2, 0, 3, 4 from left to right. From its left end 2 the farthest is 4; then 0 (0.64 from 2, scaled
    # by the ranges 10 and 10) is farther from both than 3. Behind it lie 1 and then 5.
    values = [[4, 5], [6, 6], [0, 10], [7, 2], [10, 0], [8, 8]]
    assert front_order(values).tolist() == [2, 4, 0, 3, 1, 5]
    assert priorities(values, Ranking.CORRECT).tolist() == [2, 4, 0, 3, 1, 5]


def test_correct_priorities_are_places_and_published_ones_are_not() -> None:
    values = [[3.0, 3.0], [1.0, 1.0], [2.0, 2.0], [0.0, 0.0]]  # best first: 3, 1, 2, 0
    assert priorities(values, Ranking.CORRECT).tolist() == [3, 1, 2, 0]
    values = [[2.0, 2.0], [0.0, 0.0], [1.0, 1.0]]  # best first: 1, 2, 0
    assert priorities(values, Ranking.CORRECT).tolist() == [2, 0, 1]
    assert priorities(values, Ranking.AS_PUBLISHED).tolist() == [1, 2, 0]  # the worst of them all goes second


@given(POINTS, st.integers(0, 10**6))
def test_scaling_an_objective_changes_no_order(values: np.ndarray, seed: int) -> None:
    scale = 2.0 ** np.random.default_rng(seed).integers(-3, 4, values.shape[1])  # exact in floating point
    assert front_order(values * scale).tolist() == front_order(values).tolist()


@given(POINTS)
def test_a_monotone_change_of_an_objective_changes_no_rank(values: np.ndarray) -> None:
    changed = values.copy()
    changed[:, 0] = np.exp(changed[:, 0])
    before, after = (front(trials(v.tolist())) for v in (values, changed))
    assert [item.index for item in before] == [item.index for item in after]


@given(POINTS)
def test_a_front_has_all_that_nothing_dominates(values: np.ndarray) -> None:
    expected = [i for i, a in enumerate(values) if not any(dominates(b, a) for b in values)]
    assert [item.index for item in front(trials(values.tolist()))] == expected


def test_only_trials_with_finite_objectives_are_observed() -> None:
    history = trials([(1.0, 2.0), Status.FAILED, (float("nan"), 1.0), Status.DIVERGED, (3.0, 4.0), Status.STOPPED])
    assert [item.index for item in observed(history)] == [0, 4]
    assert points(observed(history)).tolist() == [[1, 2], [3, 4]]
    assert front([]) == []


def test_coordinates_are_in_the_order_of_the_validation_objectives() -> None:
    evaluation = Evaluation(status=Status.OK, cost=0, sizes=Sizes(1, 1, 1), validation={"size": 5.0, "error": 0.5})
    item = Trial(0, 0, Proposal(Architecture((0,))), evaluation, 0)
    assert points([item]) == pytest.approx(np.array([[5.0, 0.5]]))
