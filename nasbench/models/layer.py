"""One post-LayerNorm encoder layer, run with any subset of its heads and feed-forward units by slicing its matrices.

Where the kept set is a prefix its rows and columns are views; any other set is gathered, once a pass. So a sub-network
costs what its own arithmetic costs, and gradients reach the full matrices, zero where nothing was kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbench.models.family import LayerView
from nasbench.records import Kept

Selection = slice | Tensor | None
"""Rows or columns of a matrix: a prefix, scattered ones by index, or all."""


@dataclass(frozen=True, kw_only=True)
class LayerSettings:
    """What the layers of a network have in common.

    Attributes:
        hidden_dropout, attention_dropout: probabilities while training.
        attention_output_dropout: whether hidden dropout follows the attention output too.
    """

    head_size: int
    activation: nn.Module
    hidden_dropout: float
    attention_dropout: float
    attention_output_dropout: bool


def run_layer(
    layer: LayerView,
    hidden: Tensor,  # [B, S, d]
    mask: Tensor | None,  # [B, 1, 1, S], False at padding; None where there is none
    heads: Kept,
    units: Kept,
    settings: LayerSettings,
    training: bool,
) -> Tensor:  # [B, S, d]
    """A layer without heads (or units) skips that sub-layer, biases included, but keeps the LayerNorm of the residual.

    Raises:
        ValueError: a kept index that the layer has not.
    """
    if len(heads):
        hidden = hidden + _attention(layer, hidden, mask, heads, settings, training)
    hidden = layer.attention_norm(hidden)
    if len(units):
        hidden = hidden + _feed_forward(layer, hidden, units, settings, training)
    return layer.output_norm(hidden)


def attention_context(
    layer: LayerView, hidden: Tensor, mask: Tensor | None, kept: Selection, settings: LayerSettings, training: bool
) -> Tensor:
    """What the selected rows of query, key and value feed the attention output matrix: [B, S, heads * head_size]."""
    assert layer.query is not None  # a sub-layer is removed whole
    assert layer.key is not None
    assert layer.value is not None
    query, key, value = (
        _rows(linear, hidden, kept).unflatten(-1, (-1, settings.head_size)).transpose(1, 2)
        for linear in (layer.query, layer.key, layer.value)
    )
    dropout = settings.attention_dropout if training else 0.0
    context = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout)
    return context.transpose(1, 2).flatten(2)


def activations(layer: LayerView, hidden: Tensor, kept: Selection, settings: LayerSettings) -> Tensor:
    """What the selected feed-forward units feed the down matrix: [B, S, units]."""
    assert layer.up is not None
    activated: Tensor = settings.activation(_rows(layer.up, hidden, kept))
    return activated


def _attention(
    layer: LayerView, hidden: Tensor, mask: Tensor | None, heads: Kept, settings: LayerSettings, training: bool
) -> Tensor:
    if layer.query is None or layer.attention_output is None:
        raise ValueError("attention heads are asked of a layer that has none")
    kept = select(heads, layer.query.out_features // settings.head_size, settings.head_size, hidden.device)
    context = attention_context(layer, hidden, mask, kept, settings, training)
    out = _columns(layer.attention_output, context, kept)
    return F.dropout(out, settings.hidden_dropout, training and settings.attention_output_dropout)


def _feed_forward(layer: LayerView, hidden: Tensor, units: Kept, settings: LayerSettings, training: bool) -> Tensor:
    if layer.up is None or layer.down is None:
        raise ValueError("feed-forward units are asked of a layer that has none")
    kept = select(units, layer.up.out_features, 1, hidden.device)
    out = _columns(layer.down, activations(layer, hidden, kept, settings), kept)
    return F.dropout(out, settings.hidden_dropout, training)


def select(kept: Kept, size: int, block: int, device: torch.device) -> Selection:
    """Where `kept` of `size` blocks (heads, units) of `block` rows each lie in a matrix.

    Raises:
        ValueError: a kept index of `size` or more.
    """
    if len(kept) and kept[-1] >= size:
        raise ValueError(f"index {kept[-1]} is kept of a layer that has {size}")
    if len(kept) == size:
        return None
    if isinstance(kept, range) and kept.step == 1:
        return slice(kept.start * block, kept.stop * block)
    blocks = torch.tensor(kept, dtype=torch.int64, device=device)
    return (blocks[:, None] * block + torch.arange(block, device=device)).flatten()


def take(tensor: Tensor, dim: int, kept: Selection) -> Tensor:
    """Rows (dim 0) or columns (dim 1) of a tensor: itself, a view or a gathered copy."""
    if kept is None:
        return tensor
    if isinstance(kept, slice):
        return tensor.narrow(dim, kept.start, kept.stop - kept.start)
    return tensor.index_select(dim, kept)


def _rows(linear: nn.Linear, hidden: Tensor, kept: Selection) -> Tensor:
    return F.linear(hidden, take(linear.weight, 0, kept), take(linear.bias, 0, kept))


def _columns(linear: nn.Linear, hidden: Tensor, kept: Selection) -> Tensor:
    return F.linear(hidden, take(linear.weight, 1, kept), linear.bias)
