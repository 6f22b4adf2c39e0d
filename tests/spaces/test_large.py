"""LARGE: its strings of bits against the paper's Algorithm 4 on masks, its way of sampling, and how it is mutated."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from nasbench import rng
from nasbench.cost import encoder_parameters
from nasbench.records import Architecture, SubNetwork
from nasbench.spaces.large import Large
from tests.spaces.contract import BERT_BASE
from tests.spaces.masks import masks
from tests.spaces.test_small import SHAPE

SPACE = Large().bind(SHAPE)  # 2 layers of 3 heads and 4 units: 7 bits, so one byte, a layer


def architecture(theta: np.ndarray) -> Architecture:
    """The strings of a matrix of bits [layers, heads + units], by writing out the digits."""
    rows = ["".join(map(str, row)).ljust(-(-len(row) // 8) * 8, "0") for row in theta.tolist()]
    return Architecture(tuple(f"{int(row, 2):0{len(row) // 4}x}" for row in rows))


def test_networks_are_those_of_the_papers_masks() -> None:
    for row in itertools.product((0, 1), repeat=7):
        theta = np.array([row, row[::-1]])
        network = SPACE.network(architecture(theta))
        heads, units = masks(SHAPE, network)
        assert network.layers_kept == (0, 1)
        assert heads.tolist() == theta[:, :3].tolist()  # Algorithm 4
        assert units.tolist() == theta[:, 3:].tolist()
        assert SPACE.architecture(network) == architecture(theta)


def test_smallest_keeps_the_layer_norms_of_every_layer() -> None:
    assert SPACE.smallest() == Architecture(("00", "00"))
    assert encoder_parameters(SHAPE, SPACE.network(SPACE.smallest())) == 2 * 4 * 8


def test_largest_and_middle_by_hand() -> None:
    assert SPACE.largest() == Architecture(("fe", "fe"))
    assert SPACE.middle() == Architecture((f"{0b10011000:02x}",) * 2)


def test_the_number_of_entries_is_uniform_and_so_is_their_choice() -> None:
    space = Large().bind(replace(SHAPE, layers=1, heads=2, units=2))
    draws = [space.sample(rng.generator(0, "test", i)) for i in range(4000)]
    points = [np.array([row]) for row in itertools.product((0, 1), repeat=4)]
    expected = [4000 / 5 / [1, 4, 6, 4, 1][point.sum()] for point in points]
    assert stats.chisquare([draws.count(architecture(point)) for point in points], expected).pvalue > 0.01


def test_mutation_flips_any_one_bit() -> None:
    theta = np.array([[1, 0, 1, 1, 0, 0, 1], [0, 0, 0, 1, 1, 1, 0]])
    flipped = set()
    for layer, entry in itertools.product(range(2), range(7)):
        other = theta.copy()
        other[layer, entry] ^= 1
        flipped.add(architecture(other))
    start = architecture(theta)
    assert set(SPACE.neighbours(start)) == flipped
    assert {SPACE.mutate(start, rng.generator(0, "test", i)) for i in range(300)} == flipped


def test_a_child_has_each_bit_from_either_parent() -> None:
    first, second = (SPACE.sample(rng.generator(0, "test", i)) for i in range(2))
    a, b = (np.hstack(masks(SHAPE, SPACE.network(parent))) for parent in (first, second))
    children = [SPACE.crossover(first, second, rng.generator(1, "test", i)) for i in range(400)]
    mean = np.mean([np.hstack(masks(SHAPE, SPACE.network(child))) for child in children], axis=0)
    assert mean[a == b].tolist() == a[a == b].tolist()
    assert (a != b).any()
    assert mean[a != b] == pytest.approx(0.5, abs=0.1)


def test_encoding_is_the_share_of_heads_and_units_of_each_layer() -> None:
    theta = np.array([[1, 0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1, 0]])
    assert SPACE.encode(architecture(theta)) == pytest.approx([2 / 3, 1 / 4, 0, 3 / 4])


def test_an_architecture_of_bert_base_has_a_bit_for_each_of_its_heads_and_units() -> None:
    space = Large().bind(BERT_BASE)
    values = space.sample(rng.generator(0, "test")).values
    assert [len(str(row)) for row in values] == [2 * 386] * 12  # 12 + 3072 bits make 386 bytes
    assert space.entries == 12 * (12 + 3072)


@pytest.mark.parametrize(
    "network",
    [
        SubNetwork((0,), (range(3),), (range(4),)),
        SubNetwork((0, 1), (range(4), range(3)), (range(4), range(4))),
        SubNetwork((0, 1), (range(3), range(3)), ((1, 4), range(4))),
    ],
)
def test_a_network_outside_the_space_has_no_architecture(network: SubNetwork) -> None:
    with pytest.raises(ValueError, match="LARGE has only"):
        SPACE.architecture(network)


@pytest.mark.parametrize(
    "values",
    [("fe",), ("fe", "fe", "fe"), ("fe", "ff"), ("fe", "FE"), ("fe", "fefe"), ("fe", "xx"), (254, "fe"), ("fe", " e")],
)
def test_a_foreign_architecture_is_refused(values: tuple) -> None:
    for call in (SPACE.network, SPACE.encode, lambda a: SPACE.mutate(a, rng.generator(0, "test")), SPACE.neighbours):
        with pytest.raises(ValueError, match="not an architecture of 2 layers of 7 bits"):
            call(Architecture(values))
