"""Gradients of the loss in pruning masks that are all one: what every gradient-based pruning score is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.sub_layers import SubLayer, sub_layers
from baselines.wrapping import Model, elastic, evaluating, on_device_of
from nasbench.errors import InputError
from nasbench.models.elastic import ElasticModel, padding_mask
from nasbench.tasks.losses import task_loss

Batch = Mapping[str, Tensor]
"""What the model reads (`input_ids`, `attention_mask`, `token_type_ids`) and its labels, as `nasbench.tasks` has them:
`labels`, or `start_positions` and `end_positions`."""


class Granularity(StrEnum):
    EXAMPLE = "example"  # the gradient of each example's own loss
    BATCH = "batch"  # the gradient of each batch's mean loss


def mask_gradients(
    model: Model, batches: Iterable[Batch], granularity: Granularity | str = Granularity.EXAMPLE
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Gradients of the loss in the masks of all heads and feed-forward units (Kwon et al. 2022, section 4.1).

    The model runs without dropout; no parameter's gradient is computed or changed. Gradients of single examples cost
    one backward pass a batch, as those of batches do: each example has masks of its own, and losses are summed.

    Args:
        model: a transformers task model, or an elastic one.
        granularity: N is the number of examples, or of batches (what the authors' code does).

    Returns:
        (head_gradients [N, L, H], neuron_gradients [N, L, I]) in the model's precision; zero for what a pruned network
        has not.

    Raises:
        InputError: no batches, a model that is not known, or a gradient that is not finite.
    """
    network = elastic(model)
    example = Granularity(granularity) is Granularity.EXAMPLE
    layers = sub_layers(network)
    differentiate = of_examples if example else of_batch
    with evaluating(network):
        rows = [_by_kind(network, layers, differentiate(network, layers, batch)) for batch in batches]
    if not rows:
        raise InputError("mask gradients need at least one batch of examples")
    heads, units = (np.concatenate(kind) for kind in zip(*rows, strict=True))
    return heads, units


Differentiate = Callable[[ElasticModel, Sequence[SubLayer], Batch], list[Tensor]]


def of_examples(model: ElasticModel, layers: Sequence[SubLayer], batch: Batch) -> list[Tensor]:
    """Of each example's loss in the masks of each sub-layer: [B, K] for each."""
    return [gradient.squeeze(1) for gradient in _gradients(model, layers, batch, examples=True, tokens=False)]


def of_batch(model: ElasticModel, layers: Sequence[SubLayer], batch: Batch) -> list[Tensor]:
    """Of the batch's mean loss in the masks of each sub-layer: [1, K] for each."""
    return [gradient.squeeze(1) for gradient in _gradients(model, layers, batch, examples=False, tokens=False)]


def of_tokens(model: ElasticModel, layers: Sequence[SubLayer], batch: Batch) -> list[Tensor]:
    """Of each example's loss in masks of each token: [B, S, K] for each ([B * C, S, K] for multiple choice)."""
    return _gradients(model, layers, batch, examples=True, tokens=True)


def _gradients(
    model: ElasticModel, layers: Sequence[SubLayer], batch: Batch, *, examples: bool, tokens: bool
) -> list[Tensor]:
    """Gradients in masks [B or 1, S or 1, K] of the given sub-layers; all others have none."""
    batch = on_device_of(model, batch)
    with torch.enable_grad():
        hidden, padding = model.embed(batch).detach(), padding_mask(batch["attention_mask"])
        rows, length, _ = hidden.shape
        own = (rows if tokens else len(batch["input_ids"])) if examples else 1
        masks = {
            (layer.layer, layer.attention): hidden.new_ones(
                own, length if tokens else 1, len(layer.kept)
            ).requires_grad_()
            for layer in layers
        }
        for layer in sub_layers(model):
            inputs, mask = layer.inputs(hidden, padding), masks.get((layer.layer, layer.attention))
            if mask is not None:
                spread = mask.repeat_interleave(rows // own, 0) if own > 1 else mask
                inputs = (inputs.unflatten(-1, (-1, layer.block)) * spread.unsqueeze(-1)).flatten(-2)
            hidden = layer.norm(layer.residual(hidden, inputs))
        loss = _loss(model, model.logits(hidden, batch), batch, examples)
        gradients = torch.autograd.grad(loss, list(masks.values()), materialize_grads=True)
    if not all(bool(torch.isfinite(gradient).all()) for gradient in gradients):
        raise InputError(
            "the gradient of the loss in the masks is not finite: check the model's weights and the labels"
        )
    return list(gradients)


def _loss(model: ElasticModel, logits: Tensor, batch: Batch, examples: bool) -> Tensor:
    """The mean loss of a batch, or the sum of what each example's loss would be alone."""
    if not examples:
        return task_loss(model.head, logits, batch)
    single = ({name: tensor[i : i + 1] for name, tensor in batch.items()} for i in range(len(logits)))
    losses = [task_loss(model.head, logits[i : i + 1], one) for i, one in enumerate(single)]
    return torch.stack(losses).sum()


def _by_kind(
    model: ElasticModel, layers: Sequence[SubLayer], gradients: Sequence[Tensor]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Gradients [n, K] of sub-layers as those of the full network's heads [n, L, H] and units [n, L, I]."""
    shape, n = model.shape, len(gradients[0])
    heads = gradients[0].new_zeros(n, shape.layers, shape.heads)
    units = gradients[0].new_zeros(n, shape.layers, shape.units)
    for layer, gradient in zip(layers, gradients, strict=True):
        (heads if layer.attention else units)[:, layer.layer, list(layer.kept)] = gradient
    return heads.cpu().numpy(), units.cpu().numpy()
