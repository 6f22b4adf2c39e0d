"""Pruning masks of a network's heads and feed-forward units, and the network that they leave."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from baselines.sub_layers import sub_layers
from baselines.wrapping import Model, elastic
from nasbench.errors import InputError
from nasbench.models.elastic import ElasticModel
from nasbench.models.extraction import extract
from nasbench.records import SubNetwork, kept

Mask = NDArray[np.bool_]
"""[L, H] or [L, I]: true for the heads or units that are kept."""


def network_of(head_mask: ArrayLike, neuron_mask: ArrayLike) -> SubNetwork:
    """The sub-network of what masks [L, H] and [L, I] do not make zero. No layer is dropped, even with nothing left.

    Raises:
        InputError: masks that are not of two dimensions, or of different numbers of layers.
    """
    heads, units = np.asarray(head_mask), np.asarray(neuron_mask)
    if heads.ndim != 2 or units.ndim != 2 or len(heads) != len(units):
        raise InputError(f"masks must be [layers, heads] and [layers, units], not {heads.shape} and {units.shape}")
    heads_kept, units_kept = (tuple(kept(np.flatnonzero(row).tolist()) for row in mask) for mask in (heads, units))
    return SubNetwork(tuple(range(len(heads))), heads_kept, units_kept)


@torch.no_grad()
def prune(model: Model, head_mask: ArrayLike, neuron_mask: ArrayLike) -> ElasticModel:
    """The network that masks leave, extracted, with real-valued masks folded into its weights.

    What a mask scales is the input of a dense layer, so scaling that layer's columns is the same.

    Args:
        head_mask, neuron_mask: [L, H] and [L, I]; zero for what goes, one or a scale for what stays.

    Raises:
        InputError: masks of other shapes than the model's.
    """
    network = elastic(model)
    heads, units = np.asarray(head_mask, dtype=np.float64), np.asarray(neuron_mask, dtype=np.float64)
    shape = network.shape
    if heads.shape != (shape.layers, shape.heads) or units.shape != (shape.layers, shape.units):
        raise InputError(
            f"masks of this model must be {(shape.layers, shape.heads)} and {(shape.layers, shape.units)}, "
            f"not {heads.shape} and {units.shape}"
        )
    pruned = extract(network, network_of(heads, units))
    for layer in sub_layers(pruned):
        if layer.output is not None:
            scales = (heads if layer.attention else units)[layer.layer, list(layer.kept)]
            fold(layer.output.weight, scales, layer.block)
    return pruned


@torch.no_grad()
def fold(weight: torch.Tensor, scales: NDArray[np.float64], block: int) -> None:
    """Scale, in place, the columns of a weight matrix [d, K * block] by what belongs to each of K heads or units."""
    columns = torch.from_numpy(scales).repeat_interleave(block).to(weight.device)
    weight.copy_(weight * columns)
