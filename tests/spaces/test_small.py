"""SMALL: bounds, decoding and its inverse, against the paper's Algorithm 3 and enumeration."""

import itertools

import numpy as np
import pytest

from nasbench import rng
from nasbench.cost import NetworkShape
from nasbench.errors import InputError
from nasbench.records import Architecture, SubNetwork
from nasbench.spaces.small import Small

SHAPE = NetworkShape(
    hidden_size=8,
    head_size=2,
    layers=2,
    heads=3,
    units=4,
    embedding_parameters=100,
    output_parameters=10,
    output_macs_per_sequence=0,
    output_macs_per_token=16,
)
SPACE = Small().bind(SHAPE)


def test_network_keeps_the_first_of_each() -> None:
    network = SPACE.network(Architecture((1, 2, 3)))
    masks = np.zeros((2, 3)), np.zeros((2, 4))  # Algorithm 3, on masks
    masks[0][:1, :2], masks[1][:1, :3] = 1, 1
    assert [list(np.flatnonzero(row)) for row in masks[0][list(network.layers_kept)]] == [list(network.heads[0])]
    assert [list(np.flatnonzero(row)) for row in masks[1][list(network.layers_kept)]] == [list(network.units[0])]


def test_bounds_follow_the_protocol() -> None:
    assert SPACE.smallest() == Architecture((0, 1, 1))
    assert SPACE.largest() == Architecture((2, 3, 4))
    assert Small(allow_zero=True).bind(SHAPE).smallest() == Architecture((0, 0, 0))


def test_samples_are_uniform_over_the_whole_space() -> None:
    draws = [SPACE.sample(rng.generator(0, "test", i)).values for i in range(3600)]
    points = list(itertools.product(range(3), range(1, 4), range(1, 5)))
    counts = np.array([draws.count(point) for point in points])
    assert counts.sum() == 3600
    expected = 3600 / len(points)
    assert ((counts - expected) ** 2 / expected).sum() < 66.6  # 99.9% quantile of chi-squared, 35 degrees of freedom


def test_mutation_changes_one_entry_to_any_other_value() -> None:
    start = Architecture((1, 2, 3))
    seen = {SPACE.mutate(start, rng.generator(0, "test", i)) for i in range(500)}
    assert seen == set(SPACE.neighbours(start))
    assert all(sum(a != b for a, b in zip(m.values, start.values, strict=True)) == 1 for m in seen)
    assert len(seen) == 2 + 2 + 3


def test_architecture_inverts_network() -> None:
    for values in itertools.product(range(1, 3), range(1, 4), range(1, 5)):
        assert SPACE.architecture(SPACE.network(Architecture(values))).values == values


@pytest.mark.parametrize(
    "network",
    [
        SubNetwork((1,), (range(3),), (range(4),)),
        SubNetwork((0,), ((1, 2),), (range(4),)),
        SubNetwork((0, 1), (range(3), range(2)), (range(4), range(4))),
    ],
)
def test_a_network_outside_the_space_has_no_architecture(network: SubNetwork) -> None:
    with pytest.raises(ValueError, match="SMALL has only"):
        SPACE.architecture(network)


@pytest.mark.parametrize("values", [(3, 1, 1), (1, 0, 1), (1, 1), (1, 1, "x")])
def test_a_foreign_architecture_is_refused(values: tuple) -> None:
    with pytest.raises(ValueError, match="is not of this space"):
        SPACE.network(Architecture(values))


GRID = Small(units_step=2).bind(SHAPE)


def test_a_grid_has_the_units_that_the_step_divides() -> None:
    points = list(itertools.product(range(3), range(1, 4), (2, 4)))
    assert [architecture.values for architecture in GRID.architectures()] == points
    assert GRID.size == len(points)
    assert {GRID.sample(rng.generator(0, "test", i)).values for i in range(500)} == set(points)
    assert (GRID.smallest().values, GRID.largest().values, GRID.middle().values) == ((0, 1, 2), (2, 3, 4), (1, 2, 2))
    assert Small(units_step=2, allow_zero=True).bind(SHAPE).size == 3 * 4 * 3


def test_a_grid_is_searched_without_leaving_it() -> None:
    points = set(GRID.architectures())
    for start in points:
        neighbours = set(GRID.neighbours(start))
        assert neighbours == {
            p for p in points if sum(a != b for a, b in zip(p.values, start.values, strict=True)) == 1
        }
        assert {GRID.mutate(start, rng.generator(0, "test", i)) for i in range(100)} == neighbours
    first, second, *_ = sorted(points, key=lambda point: point.values)
    assert GRID.crossover(first, second, rng.generator(0, "test")) in points


def test_what_is_off_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(1, 1, 3\) is not of this space: .* in steps of \(1, 1, 2\)"):
        GRID.network(Architecture((1, 1, 3)))


def test_spaces_of_another_grid_have_another_name() -> None:
    names = {Small(units_step=step, allow_zero=zero).bind(SHAPE).name for step in (1, 2, 4) for zero in (False, True)}
    assert len(names) == 6


def test_layers_and_heads_come_in_steps_too() -> None:
    grid = Small(layers_step=2, heads_step=3, units_step=2).bind(SHAPE)
    assert [a.values for a in grid.architectures()] == [(0, 3, 2), (0, 3, 4), (2, 3, 2), (2, 3, 4)]
    assert grid.name == "small_layers_step_2_heads_step_3_units_step_2"


WITH_STEP = {
    "layers": lambda step: Small(layers_step=step),
    "heads": lambda step: Small(heads_step=step),
    "units": lambda step: Small(units_step=step),
}


@pytest.mark.parametrize("entry", WITH_STEP)
@pytest.mark.parametrize("step", [0, 5])
def test_a_step_that_does_not_divide_what_there_is_is_refused(entry: str, step: int) -> None:
    with pytest.raises(InputError, match=f"space.{entry}_step.*{step}"):
        WITH_STEP[entry](step).bind(SHAPE)
