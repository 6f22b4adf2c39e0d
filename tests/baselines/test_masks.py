"""Real-valued masks are folded into extracted weights, exactly and countably."""

import numpy as np
import pytest
import torch

from baselines.masks import network_of
from baselines.retraining_free_pruning import prune
from nasbench import cost
from nasbench.errors import InputError
from nasbench.models.padding import pad
from nasbench.records import Head, SubNetwork
from tests.baselines import naive
from tests.baselines.test_mask_tuning import masks
from tests.models.masked_oracle import task_logits
from tests.models.tiny import FAMILIES, LAYERS, tiny_batch


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("head", naive.HEADS)
def test_a_pruned_network_computes_what_masks_do(family: str, head: Head) -> None:
    network, batch = naive.network(family, head), tiny_batch(family, head)
    generator = torch.Generator().manual_seed(0)
    heads, units = (mask * torch.empty_like(mask).uniform_(-2, 3, generator=generator) for mask in masks(0, 0.5))
    with torch.no_grad(), naive.masked(network, heads, units):
        expected = task_logits(network, batch)
    pruned = prune(network, heads, units)
    assert pruned.network is not network
    parameters = sum(parameter.numel() for parameter in pruned.parameters())
    assert parameters == cost.parameters(pruned.shape, network_of(heads, units))
    with torch.no_grad():
        torch.testing.assert_close(pruned(batch), expected, rtol=0, atol=1e-10)
        in_original_shapes = task_logits(pad(pruned.float()), batch)
    torch.testing.assert_close(in_original_shapes, expected.float(), rtol=1e-4, atol=1e-4)


def test_no_layer_is_dropped_even_with_nothing_left() -> None:
    heads, units = np.array([[0, 0], [0.0, 2.5]]), np.array([[0, 0, 0], [1, 0, -1]])
    assert network_of(heads, units) == SubNetwork((0, 1), (range(0), (1,)), (range(0), (0, 2)))


def test_masks_of_another_network_are_told() -> None:
    network = naive.network("bert", Head.REGRESSION)
    with pytest.raises(InputError, match=r"must be \(3, 4\) and \(3, 12\), not \(3, 5\) and \(3, 12\)"):
        prune(network, np.ones((LAYERS, 5)), np.ones((LAYERS, 12)))
    with pytest.raises(InputError, match=r"\[layers, heads\] and \[layers, units\], not \(2, 4\) and \(3, 12\)"):
        network_of(np.ones((2, 4)), np.ones((3, 12)))
