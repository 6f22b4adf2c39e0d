"""An extracted sub-network is smaller by exactly what the formula says, gives what slicing gives, and stands alone."""

import copy

import pytest
import torch
from hypothesis import given, settings

from nasbench import cost
from nasbench.models.elastic import ElasticModel
from nasbench.models.extraction import extract
from nasbench.records import Head, SubNetwork, kept
from tests.models.masked_oracle import masked, task_logits
from tests.models.tiny import (
    FAMILIES,
    LABELS,
    SHAPES_OF_SUB_NETWORKS,
    sub_networks,
    tiny_batch,
    tiny_network,
)


def elastic(family, head):
    return ElasticModel(tiny_network(family, head), head, LABELS[head])


@pytest.mark.parametrize("head", Head)
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=6, deadline=None, derandomize=True)
@given(sub_network=sub_networks())
def test_parameters_are_counted_exactly_and_outputs_kept(family, head, sub_network):
    model = elastic(family, head)
    extracted = extract(model, sub_network)
    assert sum(p.numel() for p in extracted.parameters()) == cost.parameters(model.shape, sub_network)
    assert sum(t.numel() for t in extracted.state_dict().values()) == cost.parameters(model.shape, sub_network)
    assert (extracted.shape, extracted.kept) == (model.shape, sub_network)
    batch = tiny_batch(family, head)
    with torch.inference_mode(), masked(model.network, sub_network):
        torch.testing.assert_close(extracted(batch), task_logits(model.network, batch), atol=1e-5, rtol=0)


@pytest.mark.parametrize("head", Head)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_full_network_has_as_many_parameters_as_that_of_transformers(family, head):
    model = elastic(family, head)
    assert cost.parameters(model.shape, model.shape.full()) == tiny_network(family, head).num_parameters()


def test_parameters_of_a_network_counted_by_hand():
    """d = 16, 2 labels, 40 words, 24 positions; layer 0 keeps one head of size 4 and two units, layer 1 nothing."""
    model = elastic("distilbert", Head.QUESTION_ANSWERING)
    extracted = extract(model, SubNetwork((0, 1), (range(1), range(0)), (range(2), range(0))))
    embeddings = 40 * 16 + 24 * 16 + 2 * 16
    attention = 3 * (16 * 4 + 4) + 4 * 16 + 16
    feed_forward = 16 * 2 + 2 + 2 * 16 + 16
    norms = 2 * (4 * 16)
    head = 16 * 2 + 2
    count = sum(p.numel() for p in extracted.parameters())
    assert count == embeddings + attention + feed_forward + norms + head


@pytest.mark.parametrize("shape", SHAPES_OF_SUB_NETWORKS)
def test_tensors_are_its_own_and_contiguous(shape):
    model = elastic("bert", Head.MASKED_LM)
    extracted = extract(model, SHAPES_OF_SUB_NETWORKS[shape])
    theirs = {p.untyped_storage().data_ptr() for p in model.parameters()}
    for name, parameter in extracted.named_parameters():
        assert parameter.untyped_storage().data_ptr() not in theirs, name
        assert (parameter.is_contiguous(), parameter.is_leaf, parameter.requires_grad) == (True, True, True), name
        assert parameter.untyped_storage().nbytes() == parameter.numel() * parameter.element_size(), name


@pytest.mark.parametrize("family", FAMILIES)
def test_it_trains_as_its_slices_would(family):
    head = Head.QUESTION_ANSWERING
    sub_network = SHAPES_OF_SUB_NETWORKS["scattered"]
    model = elastic(family, head).double()
    extracted = extract(model, sub_network)
    batch = tiny_batch(family, head)
    sliced_optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer = torch.optim.SGD(extracted.parameters(), lr=0.1)
    for _ in range(5):
        sliced_optimizer.zero_grad()
        optimizer.zero_grad()
        model(batch, sub_network).square().mean().backward()
        extracted(batch).square().mean().backward()
        sliced_optimizer.step()
        optimizer.step()
    again = extract(model, sub_network)
    for (name, ours), theirs in zip(extracted.named_parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=0, msg=name)


def test_the_model_it_came_from_is_untouched():
    model = elastic("bert", Head.QUESTION_ANSWERING)
    before = copy.deepcopy(model.state_dict())
    extracted = extract(model, SHAPES_OF_SUB_NETWORKS["no heads"])
    with torch.no_grad():
        for parameter in extracted.parameters():
            parameter.fill_(1.0)
    assert model.network.config.num_hidden_layers == 3
    torch.testing.assert_close(model.state_dict(), before, atol=0, rtol=0)


def test_the_mode_is_that_of_the_model():
    model = elastic("bert", Head.QUESTION_ANSWERING)
    for mode in (True, False):
        extracted = extract(model.train(mode), SHAPES_OF_SUB_NETWORKS["prefixes"])
        assert extracted.training is mode
        assert all(module.training is mode for module in extracted.modules())


def test_extracting_twice_is_extracting_the_composition():
    head = Head.QUESTION_ANSWERING
    model = elastic("bert", head)
    outer = SubNetwork((0, 2), (kept([1, 2, 3]), range(2)), (kept([0, 3, 4, 9]), range(6)))
    inner = SubNetwork((1,), (kept([1]),), (range(3),))
    composed = SubNetwork((2,), (kept([1]),), (range(3),))
    once, twice = extract(model, composed), extract(extract(model, outer), inner)
    assert twice.kept == composed
    torch.testing.assert_close(once.state_dict(), twice.state_dict(), atol=0, rtol=0)
    first = extract(extract(model, outer), SubNetwork((0,), (kept([0, 2]),), (kept([1, 3]),)))
    assert first.kept == SubNetwork((0,), (kept([1, 3]),), (kept([3, 9]),))


@pytest.mark.parametrize(
    ("sub_network", "told"),
    [
        (SubNetwork((2,), (range(0),), (range(0),)), "layer 2 is kept of a network that has 2"),
        (SubNetwork((0,), (range(2),), (range(0),)), "index 1 is kept of a layer that has 1"),
        (SubNetwork((1,), (range(0),), (range(1),)), "kept of a sub-layer that was removed"),
    ],
)
def test_what_was_removed_cannot_be_extracted(sub_network, told):
    model = elastic("bert", Head.QUESTION_ANSWERING)
    smaller = extract(model, SubNetwork((0, 1), (range(1), range(1)), (range(4), range(0))))
    with pytest.raises(ValueError, match=told):
        extract(smaller, sub_network)
