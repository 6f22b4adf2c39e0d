"""Parameters and multiply-accumulates (MACs) of a network, by formula: exact, and without building anything.

A layer of hidden size d with h heads of size k and u feed-forward units, over a sequence of s tokens:
    attention     4 d (h k) + 3 (h k) + d   parameters,   4 s d (h k) + 2 s^2 (h k)   MACs
    feed-forward  2 d u + u + d             parameters,   2 s d u                     MACs
    LayerNorms    4 d                       parameters
A feed-forward sub-layer of more than two dense layers has a matrix and a bias for each, and a layer with more than one
such sub-layer a LayerNorm for each.
A sub-layer with nothing kept loses its biases too, and its LayerNorm only if `NetworkShape.drop_layer_norm` says so; a
dropped layer loses both. Biases, LayerNorms,
softmax, activations and table look-ups are not multiply-accumulates (as in torch.utils.flop_counter).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench.records import Network, Sizes, SubNetwork

TRAINING_FACTOR = 3
"""A training step costs a forward pass and a backward pass of twice its price."""


@dataclass(frozen=True, kw_only=True)
class NetworkShape:
    """The full network, as far as cost and search spaces need it.

    Attributes:
        layers, heads, units: encoder layers, and attention heads and feed-forward units of each.
        embedding_parameters: all before the first layer.
        output_parameters: all after the last layer: pooler and task head (tied matrices counted once).
        output_macs_per_sequence: of the output, for each sequence (a classifier on the first token).
        output_macs_per_token: of the output, for each token (question answering, masked language modelling).
        drop_layer_norm: a sub-layer with nothing kept loses its LayerNorm too, as in the code published with Klein et
            al. 2024; in their text, and by default, "MHA(X) = 0" and the residual is normalised.
    """

    hidden_size: int
    head_size: int
    layers: int
    heads: int
    units: int
    embedding_parameters: int
    output_parameters: int
    output_macs_per_sequence: int
    output_macs_per_token: int
    drop_layer_norm: bool = False

    def full(self) -> SubNetwork:
        """The network itself, as a sub-network."""
        n = self.layers
        return SubNetwork(tuple(range(n)), (range(self.heads),) * n, (range(self.units),) * n)


def encoder_parameters(shape: NetworkShape, network: Network) -> int:
    """Parameters of the network's encoder layers."""
    d = shape.hidden_size
    total = 0
    for inner, feed_forward in network.widths(shape.head_size):
        total += 4 * d * inner + 3 * inner + d if inner else 0
        total += sum(a * b + b for widths in feed_forward for a, b in _dense(d, widths))
        sub_layers = (inner, *map(len, feed_forward))
        total += 2 * d * (sum(map(bool, sub_layers)) if shape.drop_layer_norm else len(sub_layers))
    return total


def _dense(d: int, widths: Sequence[int]) -> list[tuple[int, int]]:
    """Inputs and outputs of the dense layers of a feed-forward sub-layer."""
    return list(zip((d, *widths), (*widths, d), strict=True)) if widths else []


def parameters(shape: NetworkShape, network: Network) -> int:
    """Parameters of all that extraction instantiates: embeddings, kept layers, output."""
    return shape.embedding_parameters + encoder_parameters(shape, network) + shape.output_parameters


def forward_macs(shape: NetworkShape, network: Network, lengths: Sequence[int] | NDArray[np.integer]) -> int:
    """MACs of a forward pass over sequences of the given real lengths (in tokens), padding not counted."""
    s = np.asarray(lengths, dtype=np.int64)
    tokens, squares = int(s.sum()), int((s * s).sum())
    d = shape.hidden_size
    layers = network.widths(shape.head_size)
    inner = sum(channels for channels, _ in layers)
    dense = sum(a * b for _, feed_forward in layers for widths in feed_forward for a, b in _dense(d, widths))
    encoder = tokens * (4 * d * inner + dense) + 2 * squares * inner
    return encoder + len(s) * shape.output_macs_per_sequence + tokens * shape.output_macs_per_token


def training_macs(shape: NetworkShape, network: Network, lengths: Sequence[int] | NDArray[np.integer]) -> int:
    """MACs of one training pass (forward and backward) over sequences of the given real lengths."""
    return TRAINING_FACTOR * forward_macs(shape, network, lengths)


def sizes(shape: NetworkShape, network: Network, max_length: int) -> Sizes:
    """Parameters and the MACs of one sequence of `max_length` tokens."""
    return Sizes(
        parameters=parameters(shape, network),
        encoder_parameters=encoder_parameters(shape, network),
        macs=forward_macs(shape, network, [max_length]),
    )
