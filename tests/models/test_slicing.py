"""A sub-network by slicing is the full network under masks: outputs, gradients, and many optimiser steps."""

import copy

import pytest
import torch
from hypothesis import given, settings

from nasbench.models.elastic import ElasticModel
from nasbench.records import Head, SubNetwork
from nasbench.tasks.losses import task_loss
from tests.models.masked_oracle import masked, task_logits
from tests.models.tiny import FAMILIES, LABELS, SHAPES_OF_SUB_NETWORKS, sub_networks, tiny_batch, tiny_network


def gradients(module):
    return {n: torch.zeros_like(p) if p.grad is None else p.grad for n, p in module.named_parameters()}


def assert_equal_to_masked(family, head, sub_network):
    network = tiny_network(family, head)
    model = ElasticModel(copy.deepcopy(network), head, LABELS[head]).eval()
    batch = tiny_batch(family, head)
    with masked(network, sub_network):
        expected = task_logits(network, batch)
    logits = model(batch, sub_network)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)
    weights = torch.linspace(-1, 1, expected.numel()).view_as(expected)
    (weights * expected).mean().backward()
    (weights * logits).mean().backward()
    torch.testing.assert_close(gradients(model.network), gradients(network), atol=1e-5, rtol=0)
    assert any(g.any() for g in gradients(network).values())


@pytest.mark.parametrize("shape", SHAPES_OF_SUB_NETWORKS)
@pytest.mark.parametrize("family", FAMILIES)
def test_output_and_gradients_equal_those_of_the_masked_network(family, shape):
    assert_equal_to_masked(family, Head.SEQUENCE_CLASSIFICATION, SHAPES_OF_SUB_NETWORKS[shape])


@pytest.mark.parametrize("head", Head)
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=6, deadline=None, derandomize=True)
@given(sub_network=sub_networks())
def test_random_sub_networks_equal_the_masked_network(family, head, sub_network):
    assert_equal_to_masked(family, head, sub_network)


def test_leaving_something_out_changes_the_output():
    """Guards the tests above: an oracle that masks nothing would agree with code that slices nothing."""
    network = tiny_network("bert", Head.QUESTION_ANSWERING)
    batch = tiny_batch("bert", Head.QUESTION_ANSWERING)
    with torch.inference_mode():
        full = task_logits(network, batch)
        for name, sub_network in SHAPES_OF_SUB_NETWORKS.items():
            with masked(network, sub_network):
                assert torch.allclose(task_logits(network, batch), full, atol=1e-3) == (name == "everything")


def labels(head, step):
    generator = torch.Generator().manual_seed(step)
    draw = {
        Head.SEQUENCE_CLASSIFICATION: lambda: {"labels": torch.randint(0, 3, (4,), generator=generator)},
        Head.REGRESSION: lambda: {"labels": torch.rand(4, generator=generator)},
        Head.MULTIPLE_CHOICE: lambda: {"labels": torch.randint(0, 2, (2,), generator=generator)},
        Head.QUESTION_ANSWERING: lambda: {
            "start_positions": torch.zeros(4).long(),
            "end_positions": torch.zeros(4).long(),
        },
        Head.MASKED_LM: lambda: {"labels": torch.randint(0, 40, (4, 9), generator=generator)},
    }
    return draw[head]()


def twenty_steps(network, model, family, head):
    """Train both alike, two sub-networks a step, and return the losses of each."""
    sliced = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    oracle = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.1)
    shapes = list(SHAPES_OF_SUB_NETWORKS.values())
    ours, theirs = [], []
    for step in range(20):
        batch = tiny_batch(family, head, seed=step)
        asked = {**batch, **labels(head, step)}
        model.zero_gradients()
        oracle.zero_grad()
        for sub_network in (shapes[step % len(shapes)], shapes[(5 * step + 1) % len(shapes)]):
            ours.append(task_loss(head, model(batch, sub_network), asked))
            ours[-1].backward()
            with masked(network, sub_network):
                theirs.append(task_loss(head, task_logits(network, batch), asked))
            theirs[-1].backward()
        sliced.step()
        oracle.step()
    return torch.stack(ours), torch.stack(theirs)


@pytest.mark.parametrize("head", Head)
@pytest.mark.parametrize("family", FAMILIES)
def test_twenty_steps_equal_those_of_the_masked_network(family, head):
    """In double precision: AdamW makes whole steps of the rounding noise of gradients that are zero in theory."""
    network = tiny_network(family, head).double()
    model = ElasticModel(copy.deepcopy(network), head, LABELS[head])
    started = copy.deepcopy(dict(network.named_parameters()))
    ours, theirs = twenty_steps(network, model, family, head)
    torch.testing.assert_close(ours, theirs, atol=1e-8, rtol=0)
    for (name, parameter), expected in zip(model.network.named_parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(parameter, expected, atol=1e-8, rtol=0, msg=name)
        assert not torch.equal(parameter, started[name]), f"{name} never moved"


@pytest.mark.parametrize("family", FAMILIES)
def test_losses_of_twenty_steps_are_equal_in_single_precision(family):
    network = tiny_network(family, Head.SEQUENCE_CLASSIFICATION)
    model = ElasticModel(copy.deepcopy(network), Head.SEQUENCE_CLASSIFICATION, 3)
    ours, theirs = twenty_steps(network, model, family, Head.SEQUENCE_CLASSIFICATION)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def down_weight(model):
    return model.network.bert.encoder.layer[2].output.dense.weight


def test_layers_never_run_decay_as_under_a_mask():
    head = Head.QUESTION_ANSWERING
    model = ElasticModel(tiny_network("bert", head), head, 2)
    before = down_weight(model).detach().clone()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.5)
    model.zero_gradients()
    model(tiny_batch("bert", head), SubNetwork((0,), (range(4),), (range(12),))).sum().backward()
    optimizer.step()
    torch.testing.assert_close(down_weight(model), before * (1 - 0.1 * 0.5))
