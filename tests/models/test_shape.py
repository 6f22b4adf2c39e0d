"""Multiply-accumulates by formula are those that torch counts, for every family, head and sub-network."""

import pytest
import torch
from hypothesis import given, settings
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from nasbench import cost
from nasbench.errors import InputError
from nasbench.models.elastic import ElasticModel
from nasbench.models.extraction import extract
from nasbench.models.family import find_family
from nasbench.models.shape import network_shape
from nasbench.records import Head
from tests.models.tiny import AUTO, FAMILIES, LABELS, sub_networks, tiny_batch, tiny_config, tiny_network

SEQUENCES, TOKENS = 4, 9


def counted_macs(run) -> int:
    """Torch's count; the fused attention of a CPU counts as nothing, so attention runs as matrix products."""
    with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("head", Head)
@pytest.mark.parametrize("family", FAMILIES)
def test_macs_of_the_full_network_are_those_of_eager_transformers(family, head):
    network = tiny_network(family, head)
    network.set_attn_implementation("eager")
    model = ElasticModel(network, head, LABELS[head])
    batch = tiny_batch(family, head, padding=False)
    formula = cost.forward_macs(model.shape, model.shape.full(), [TOKENS] * SEQUENCES)
    assert counted_macs(lambda: network(**batch)) == formula


@pytest.mark.parametrize("head", Head)
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=5, deadline=None, derandomize=True)
@given(sub_network=sub_networks())
def test_macs_of_sub_networks_sliced_or_extracted(family, head, sub_network):
    model = ElasticModel(tiny_network(family, head), head, LABELS[head])
    extracted = extract(model, sub_network)
    batch = tiny_batch(family, head, padding=False)
    formula = cost.forward_macs(model.shape, sub_network, [TOKENS] * SEQUENCES)
    assert counted_macs(lambda: model(batch, sub_network)) == formula
    assert counted_macs(lambda: extracted(batch)) == formula


@pytest.mark.parametrize(
    ("family", "head", "per_sequence", "per_token"),
    [
        ("bert", Head.SEQUENCE_CLASSIFICATION, 16 * 16 + 16 * 3, 0),
        ("bert", Head.MULTIPLE_CHOICE, 16 * 16 + 16, 0),
        ("bert", Head.QUESTION_ANSWERING, 0, 16 * 2),
        ("bert", Head.MASKED_LM, 0, 16 * 16 + 16 * 40),
        ("roberta", Head.REGRESSION, 16 * 16 + 16, 0),
        ("distilbert", Head.SEQUENCE_CLASSIFICATION, 16 * 16 + 16 * 3, 0),
        ("distilbert", Head.MASKED_LM, 0, 16 * 16 + 16 * 40),
    ],
)
def test_macs_of_the_output_counted_by_hand(family, head, per_sequence, per_token):
    shape = ElasticModel(tiny_network(family, head), head, LABELS[head]).shape
    assert (shape.output_macs_per_sequence, shape.output_macs_per_token) == (per_sequence, per_token)


def test_the_shape_is_that_of_the_configuration():
    shape = ElasticModel(tiny_network("distilbert", Head.QUESTION_ANSWERING), Head.QUESTION_ANSWERING, 2).shape
    assert (shape.hidden_size, shape.head_size, shape.layers, shape.heads, shape.units) == (16, 4, 3, 4, 12)
    assert shape.embedding_parameters == 40 * 16 + 24 * 16 + 2 * 16
    assert shape.output_parameters == 16 * 2 + 2


def test_a_network_without_layers_has_no_shape_to_search():
    network = AUTO[Head.QUESTION_ANSWERING].from_config(tiny_config("bert", Head.QUESTION_ANSWERING, layers=0))
    with pytest.raises(InputError, match="0 layers cannot be searched"):
        network_shape(network, find_family("bert"), Head.QUESTION_ANSWERING)
