"""The cost formulas against counts made by hand and tensor by tensor."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench import cost
from nasbench.cost import NetworkShape
from nasbench.records import Sizes, SubNetwork, kept

SHAPE = NetworkShape(
    hidden_size=4,
    head_size=2,
    layers=2,
    heads=2,
    units=8,
    embedding_parameters=1000,
    output_parameters=10,
    output_macs_per_sequence=7,
    output_macs_per_token=11,
)
ONE = SubNetwork((1,), (range(1),), (range(3),))
"""One layer of one head (inner size 2) and three units."""
EMPTY = SubNetwork((), (), ())
BARE = SubNetwork((0,), (range(0),), (range(0),))


def test_parameters_of_one_layer_by_hand() -> None:
    attention = 3 * (2 * 4 + 2) + (4 * 2 + 4)  # 42: query, key and value with biases, then the output
    feed_forward = (3 * 4 + 3) + (4 * 3 + 4)  # 31
    layer_norms = 2 * (4 + 4)  # 16
    assert cost.encoder_parameters(SHAPE, ONE) == attention + feed_forward + layer_norms == 89
    assert cost.parameters(SHAPE, ONE) == 1000 + 89 + 10


def test_macs_of_one_layer_by_hand() -> None:
    projections = 4 * (5 * 4 * 2)  # 160, for five tokens
    scores_and_context = 2 * (5 * 5 * 2)  # 100
    feed_forward = 2 * (5 * 4 * 3)  # 120
    output = 7 + 5 * 11  # 62
    assert cost.forward_macs(SHAPE, ONE, [5]) == projections + scores_and_context + feed_forward + output == 442


def test_a_sub_layer_with_nothing_kept_costs_nothing_but_its_layer_norm() -> None:
    assert cost.encoder_parameters(SHAPE, BARE) == 16
    assert cost.forward_macs(SHAPE, BARE, [5]) == 62
    no_heads = SubNetwork((0,), (range(0),), (range(3),))
    no_units = SubNetwork((0,), (range(1),), (range(0),))
    assert cost.encoder_parameters(SHAPE, no_heads) == 31 + 16
    assert cost.encoder_parameters(SHAPE, no_units) == 42 + 16
    assert cost.forward_macs(SHAPE, no_heads, [5]) == 120 + 62
    assert cost.forward_macs(SHAPE, no_units, [5]) == 260 + 62


def test_a_dropped_layer_costs_nothing() -> None:
    assert cost.encoder_parameters(SHAPE, EMPTY) == 0
    assert cost.parameters(SHAPE, EMPTY) == 1010
    assert cost.forward_macs(SHAPE, EMPTY, [5]) == 62


def test_the_full_network_keeps_everything() -> None:
    assert SHAPE.full() == SubNetwork((0, 1), (range(2),) * 2, (range(8),) * 2)
    # By hand, a layer: 3 (4*4 + 4) + (4*4 + 4) = 80, 8*4 + 8 + 4*8 + 4 = 76, 16.
    assert cost.encoder_parameters(SHAPE, SHAPE.full()) == 2 * (80 + 76 + 16)


def test_the_encoder_of_bert_base_has_its_published_parameters() -> None:
    """85,054,464: 12 layers of 7,087,872 (Devlin et al. 2019: 110M with 23.8M of embeddings and the pooler)."""
    bert = NetworkShape(
        hidden_size=768,
        head_size=64,
        layers=12,
        heads=12,
        units=3072,
        embedding_parameters=0,
        output_parameters=0,
        output_macs_per_sequence=0,
        output_macs_per_token=0,
    )
    assert cost.encoder_parameters(bert, bert.full()) == 85_054_464


@st.composite
def networks(draw: st.DrawFn) -> SubNetwork:
    layers = draw(st.sets(st.integers(0, 1)))
    heads = [kept(draw(st.sets(st.integers(0, 1)))) for _ in layers]
    units = [kept(draw(st.sets(st.integers(0, 7)))) for _ in layers]
    return SubNetwork(tuple(sorted(layers)), tuple(heads), tuple(units))


def tensors(network: SubNetwork) -> list[tuple[int, ...]]:
    """Shapes of every tensor that the encoder layers of SHAPE are made of."""
    d, shapes = SHAPE.hidden_size, []
    for heads, units in zip(network.heads, network.units, strict=True):
        if heads:
            inner = len(heads) * SHAPE.head_size
            shapes += [(inner, d), (inner,)] * 3 + [(d, inner), (d,)]
        if units:
            shapes += [(len(units), d), (len(units),), (d, len(units)), (d,)]
        shapes += [(d,)] * 4
    return shapes


def products(network: SubNetwork, tokens: int) -> int:
    """MACs of every matrix product [a, b] x [b, c] over one sequence: a b c."""
    d, s, total = SHAPE.hidden_size, tokens, 0
    for heads, units in zip(network.heads, network.units, strict=True):
        for _ in heads:
            k = SHAPE.head_size
            total += 3 * s * d * k + s * k * s + s * s * k + s * k * d
        for _ in units:
            total += s * d * 1 + s * 1 * d
    return total


@given(networks())
def test_parameters_are_those_of_every_tensor(network: SubNetwork) -> None:
    assert cost.encoder_parameters(SHAPE, network) == sum(math.prod(shape) for shape in tensors(network))


@given(networks(), st.lists(st.integers(1, 50), max_size=4))
def test_macs_are_those_of_every_matrix_product_over_real_lengths(network: SubNetwork, lengths: list[int]) -> None:
    expected = sum(products(network, s) + 7 + 11 * s for s in lengths)
    assert cost.forward_macs(SHAPE, network, lengths) == expected
    assert cost.training_macs(SHAPE, network, np.array(lengths, dtype=np.int32)) == 3 * expected


def test_macs_of_many_long_sequences_do_not_overflow() -> None:
    """10^5 sequences of 512 tokens of int32: their squares alone exceed 2^32."""
    lengths = np.full(100_000, 512, dtype=np.int32)
    assert cost.forward_macs(SHAPE, ONE, lengths) == 100_000 * cost.forward_macs(SHAPE, ONE, [512])


def test_sizes_are_of_one_sequence_of_the_maximum_length() -> None:
    assert cost.sizes(SHAPE, ONE, 5) == Sizes(parameters=1099, encoder_parameters=89, macs=442)


@pytest.mark.parametrize("layers", [(), (0,), (0, 1)])
def test_what_is_counted_are_plain_integers(layers: tuple[int, ...]) -> None:
    network = SubNetwork(layers, (range(1),) * len(layers), (range(3),) * len(layers))
    assert type(cost.forward_macs(SHAPE, network, np.array([5, 6]))) is int
    assert type(cost.parameters(SHAPE, network)) is int
