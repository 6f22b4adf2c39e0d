"""Which layers go first, as Sajjad et al. 2022 list them, and what the contribution of a layer is."""

import numpy as np
import pytest
import torch

from baselines.layer_dropping import dropping_order, shallower, similarities
from nasbench.cost import NetworkShape
from nasbench.errors import InputError
from nasbench.records import Head, SubNetwork
from tests.baselines import naive
from tests.models.tiny import FAMILIES, tiny_batch


@pytest.mark.parametrize(
    ("strategy", "parity", "dropped", "expected"),
    [
        ("top", "even", 4, {9, 10, 11, 12}),
        ("bottom", "even", 4, {1, 2, 3, 4}),
        ("symmetric", "even", 4, {5, 6, 7, 8}),
        ("symmetric", "even", 2, {6, 7}),
        ("symmetric", "even", 1, {7}),
        ("alternate", "even", 4, {12, 10, 8, 6}),
        ("alternate", "odd", 4, {11, 9, 7, 5}),
    ],
)
def test_layers_of_bert_base_that_go(strategy: str, parity: str, dropped: int, expected: set[int]) -> None:
    order = dropping_order(12, strategy, parity=parity)
    assert {index + 1 for index in order[:dropped]} == expected


@pytest.mark.parametrize("layers", [1, 2, 5, 6])
def test_the_middle_leaves_the_larger_part_at_the_bottom(layers: int) -> None:
    order = dropping_order(layers, "symmetric")
    for n in range(layers + 1):
        bottom = -(-(layers - n) // 2)
        assert sorted(order[:n]) == list(range(bottom, bottom + n))


def test_alternate_dropping_ends_at_half_of_the_layers() -> None:
    assert dropping_order(5, "alternate") == (3, 1)
    assert dropping_order(5, "alternate", parity="odd") == (4, 2, 0)


def test_the_most_similar_layers_go_first() -> None:
    assert dropping_order(4, "contribution", similarities=[0.5, 0.9, 0.2, 0.9]) == (1, 3, 0, 2)
    with pytest.raises(InputError, match="contribution needs 4 similarities, one a layer, not 0"):
        dropping_order(4, "contribution")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("head", [Head.SEQUENCE_CLASSIFICATION, Head.MULTIPLE_CHOICE])
def test_similarities_are_those_of_transformers_hidden_states(family: str, head: Head) -> None:
    network = naive.network(family, head)
    batches = [tiny_batch(family, head, seed) for seed in (0, 1)]
    tokens: list[list[float]] = [[], [], []]
    for batch in batches:
        with torch.no_grad():
            states = network(**batch, output_hidden_states=True).hidden_states
        mask = batch["attention_mask"].flatten(0, -2)
        for layer, values in enumerate(tokens):
            for row, position in mask.nonzero().tolist():
                before, after = (states[layer + i][row, position] for i in (0, 1))
                values.append(float(before @ after / before.norm() / after.norm()))
    np.testing.assert_allclose(similarities(network, batches), [np.mean(values) for values in tokens], rtol=1e-9)


def test_no_examples_are_told() -> None:
    with pytest.raises(InputError, match="at least one batch"):
        similarities(naive.network("bert", Head.REGRESSION), [])


def test_one_layer_is_always_left() -> None:
    shape = NetworkShape(
        hidden_size=4,
        head_size=2,
        layers=3,
        heads=2,
        units=5,
        embedding_parameters=0,
        output_parameters=0,
        output_macs_per_sequence=0,
        output_macs_per_token=0,
    )
    assert shallower(shape, (1, 0, 2)) == (
        SubNetwork((0, 2), (range(2),) * 2, (range(5),) * 2),
        SubNetwork((2,), (range(2),), (range(5),)),
    )
