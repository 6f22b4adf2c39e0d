"""LAYER: decoding and its inverse, against the paper's Algorithm 1 on masks, and its way of sampling."""

import itertools
from dataclasses import replace
from math import comb

import numpy as np
import pytest
from scipy import stats

from nasbench import rng
from nasbench.records import Architecture, SubNetwork
from nasbench.spaces.layer import Layer
from tests.spaces.masks import masks
from tests.spaces.test_small import SHAPE

DEEP = replace(SHAPE, layers=4)
SPACE = Layer().bind(DEEP)


def test_networks_are_those_of_the_papers_masks() -> None:
    for theta in itertools.product((0, 1), repeat=4):
        heads, units = np.zeros((4, 3)), np.zeros((4, 4))
        for layer in range(4):  # Algorithm 1
            heads[layer, :] = theta[layer]
            units[layer, :] = theta[layer]
        network = SPACE.network(Architecture(theta))
        assert [m.tolist() for m in masks(DEEP, network)] == [heads.tolist(), units.tolist()]
        assert SPACE.architecture(network).values == theta


def test_a_dropped_layer_goes_with_its_layer_norms() -> None:
    assert SPACE.network(Architecture((0, 1, 0, 1))).layers_kept == (1, 3)
    assert SPACE.network(SPACE.smallest()) == SubNetwork((), (), ())


def test_the_middle_is_half_of_the_layers() -> None:
    assert SPACE.middle() == Architecture((1, 1, 0, 0))


def test_the_number_of_layers_is_uniform_and_so_is_their_choice() -> None:
    draws = [SPACE.sample(rng.generator(0, "test", i)).values for i in range(4000)]
    points = list(itertools.product((0, 1), repeat=4))
    expected = [4000 / 5 / comb(4, sum(point)) for point in points]
    assert stats.chisquare([draws.count(point) for point in points], expected).pvalue > 0.01


@pytest.mark.parametrize(
    "network",
    [
        SubNetwork((0,), (range(2),), (range(4),)),
        SubNetwork((0, 1), (range(3), range(3)), (range(4), (1, 2, 3))),
        SubNetwork((7,), (range(3),), (range(4),)),
    ],
)
def test_a_network_outside_the_space_has_no_architecture(network: SubNetwork) -> None:
    with pytest.raises(ValueError, match="LAYER has only"):
        SPACE.architecture(network)


@pytest.mark.parametrize("values", [(2, 0, 0, 0), (1, 1), ("1", 1, 1, 1)])
def test_a_foreign_architecture_is_refused(values: tuple) -> None:
    with pytest.raises(ValueError, match="is not of this space"):
        SPACE.network(Architecture(values))
