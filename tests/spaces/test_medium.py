"""MEDIUM: bounds, decoding and its inverse, against the paper's Algorithm 2 on masks."""

import itertools

import numpy as np
import pytest

from nasbench.cost import encoder_parameters
from nasbench.records import Architecture, SubNetwork
from nasbench.spaces.medium import Medium
from tests.spaces.masks import masks
from tests.spaces.test_small import SHAPE

SPACE = Medium().bind(SHAPE)


def test_networks_are_those_of_the_papers_masks() -> None:
    for theta in itertools.product(range(4), range(5), range(4), range(5)):
        heads, units = np.zeros((2, 3)), np.zeros((2, 4))
        for layer in range(2):  # Algorithm 2
            heads[layer, : theta[2 * layer]] = 1
            units[layer, : theta[2 * layer + 1]] = 1
        network = SPACE.network(Architecture(theta))
        assert network.layers_kept == (0, 1)
        assert [m.tolist() for m in masks(SHAPE, network)] == [heads.tolist(), units.tolist()]
        assert SPACE.architecture(network).values == theta


def test_smallest_keeps_the_layer_norms_of_every_layer() -> None:
    assert SPACE.smallest() == Architecture((0, 0, 0, 0))
    assert encoder_parameters(SHAPE, SPACE.network(SPACE.smallest())) == 2 * 4 * 8


def test_bounds() -> None:
    assert SPACE.largest() == Architecture((3, 4, 3, 4))
    assert SPACE.middle() == Architecture((1, 2, 1, 2))


@pytest.mark.parametrize(
    "network",
    [
        SubNetwork((0,), (range(3),), (range(4),)),
        SubNetwork((0, 1), (range(3), (1, 2)), (range(4), range(4))),
    ],
)
def test_a_network_outside_the_space_has_no_architecture(network: SubNetwork) -> None:
    with pytest.raises(ValueError, match="MEDIUM has only"):
        SPACE.architecture(network)


@pytest.mark.parametrize("values", [(4, 0, 0, 0), (0, 5, 0, 0), (-1, 0, 0, 0), (1, 1), ("1", 1, 1, 1)])
def test_a_foreign_architecture_is_refused(values: tuple) -> None:
    with pytest.raises(ValueError, match="is not of this space"):
        SPACE.network(Architecture(values))
