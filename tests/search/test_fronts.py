"""Sorting and crowding of populations: by hand, by brute force, and against pymoo and moocore."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymoo.operators.survival.rank_and_crowding.metrics import calc_crowding_distance, get_crowding_function

from nasbench.pareto import ranks
from nasbench.search.fronts import Fronts, Point, crowding_distance


def tuples(values: np.ndarray) -> list[Point]:
    return list(map(tuple, values.tolist()))


def test_a_distance_by_hand() -> None:
    # Ranges are 10 and 19; the inner points have neighbours 6 and 16, and 7 and 9 apart.
    points = [(0.0, 20.0), (3.0, 10.0), (6.0, 4.0), (10.0, 1.0)]
    expected = [np.inf, (6 / 10 + 16 / 19) / 2, (7 / 10 + 9 / 19) / 2, np.inf]
    assert crowding_distance(points) == pytest.approx(expected)


@given(st.integers(1, 8), st.integers(0, 10**6))
def test_crowding_is_the_gap_between_the_neighbours_on_the_front(n: int, seed: int) -> None:
    stream = np.random.default_rng(seed)
    x, y = np.sort(stream.random(n)), -np.sort(-stream.random(n))
    order = stream.permutation(n)
    expected = np.full(n, np.inf)
    for i in range(1, n - 1):
        expected[i] = ((x[i + 1] - x[i - 1]) / (x[-1] - x[0]) + (y[i - 1] - y[i + 1]) / (y[0] - y[-1])) / 2
    assert crowding_distance(tuples(np.stack([x, y], axis=1)[order])) == pytest.approx(expected[order])
    assert crowding_distance(tuples(np.stack([9 * x + 1, y / 7], axis=1)[order])) == pytest.approx(expected[order])


@given(st.integers(1, 30), st.integers(1, 4), st.integers(1, 12), st.integers(0, 10**6))
def test_crowding_is_that_of_pymoo_to_the_last_bit(n: int, objectives: int, levels: int, seed: int) -> None:
    """Equal values and equal points among them."""
    values = np.random.default_rng(seed).integers(0, levels, size=(n, objectives)) / 7
    theirs = get_crowding_function(calc_crowding_distance).do(values)
    assert crowding_distance(tuples(values)) == theirs.tolist()


@given(st.integers(1, 70), st.integers(1, 3), st.integers(0, 10**6))
def test_fronts_of_any_members_are_those_of_moocore(n: int, objectives: int, seed: int) -> None:
    """In whatever order and company they came."""
    stream = np.random.default_rng(seed)
    values = stream.integers(0, 5, size=(n, objectives)).astype(float)
    members = stream.permutation(n)[: stream.integers(1, n, endpoint=True)]
    population = Fronts.of(values)
    for part in np.array_split(members, 3):
        population.add(part.tolist())
    rank = ranks(values[members])
    assert {i: front for i, (front, _) in population.fitness().items()} == dict(
        zip(members.tolist(), rank.tolist(), strict=True)
    )
    assert population.members == sorted(members.tolist())


@given(st.integers(2, 40), st.integers(1, 3), st.integers(1, 10), st.integers(1, 4), st.integers(0, 10**6))
def test_survivors_come_and_go_as_if_sorted_anew(n: int, objectives: int, size: int, children: int, seed: int) -> None:
    """Generations that join, and are cut back, leave whom a sort of parents and children would, in the same fronts."""
    stream = np.random.default_rng(seed)
    values = stream.integers(0, 6, size=(n, objectives)).astype(float)
    population = Fronts.of(values)
    for start in range(0, n, children):
        generation = range(start, min(start + children, n))
        anew = Fronts.of(values)
        anew.add([*population.members, *generation])
        anew.truncate(size)
        population.survive(generation, size)
        assert population.fitness() == anew.fitness()
        assert population.size == len(population.members) == min(generation.stop, size)


def test_no_members_have_no_fronts() -> None:
    fronts = Fronts.of(np.array([[0.0, 1.0]]))
    fronts.truncate(3)
    assert (fronts.members, fronts.fitness()) == ([], {})
    assert (crowding_distance([]), crowding_distance([(1.0, 2.0)])) == ([], [math.inf])
