"""How much a network's loss depends on each of its attention heads (Michel et al. 2019), and which go first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from baselines.gradients import Batch, Differentiate, of_batch, of_examples, of_tokens
from baselines.masks import Mask, prune
from baselines.sub_layers import sub_layers
from baselines.wrapping import Model, elastic, evaluating
from nasbench.errors import InputError

Scores = NDArray[np.float64]

EPSILON = 1e-20
"""Added to the norm that a layer's scores are divided by."""


class Score(StrEnum):
    """How a head's importance is made of gradients in its mask xi."""

    EXAMPLE = "example"  # mean over examples of |dL/dxi|, L the example's own loss: the paper
    TOKEN = "token"  # sum over tokens of |<context, dL/dcontext>|, divided by tokens; the last layer's by examples
    BATCH = "batch"  # mean over batches of |dL/dxi|, L the batch's mean loss


def importance(
    model: Model, batches: Iterable[Batch], score: Score | str = Score.EXAMPLE, *, normalise_by_layer: bool = True
) -> Scores:
    """The importance of each head (Michel et al. 2019, section 4.1, equation 2).

    Args:
        model: a transformers task model, or an elastic one.
        normalise_by_layer: divide by the L2 norm of the layer's scores, as the paper does.

    Returns:
        [L, H]; zero for heads that a pruned network has not.

    Raises:
        InputError: no batches, a model that is not known, or a layer of which all gradients are zero.
    """
    network, score = elastic(model), Score(score)
    attentions = [layer for layer in sub_layers(network) if layer.attention and len(layer.kept)]
    scores = np.zeros((network.shape.layers, network.shape.heads))
    examples, tokens, passes = 0, 0, 0
    with evaluating(network):
        for batch in batches:
            for layer, gradient in zip(attentions, _differentiate(score)(network, attentions, batch), strict=True):
                summed = gradient.abs().sum(dim=tuple(range(gradient.ndim - 1)), dtype=torch.float64)
                scores[layer.layer, list(layer.kept)] += summed.cpu().numpy()
            examples += len(batch["input_ids"])
            tokens += int(batch["attention_mask"].sum())
            passes += 1
    if not passes:
        raise InputError("the importance of heads needs at least one batch of examples")
    for layer in attentions:
        if not scores[layer.layer].any():
            raise InputError(
                f"the head gradients of layer {layer.layer} are all zero, so nothing says which heads matter: give "
                "examples that the loss depends on"
            )
    scores /= _divisors(score, len(scores), examples, tokens, passes)
    return scores / (np.linalg.norm(scores, axis=1, keepdims=True) + EPSILON) if normalise_by_layer else scores


def pruning_order(
    importance: ArrayLike, at_least_per_layer: int = 0, *, kept: ArrayLike | None = None
) -> NDArray[np.int64]:
    """Heads in the order in which they go: one ascending sort over the whole network, ties by layer, then head.

    Args:
        importance: [L, H].
        at_least_per_layer: so many of each layer's most important heads never go.
        kept: mask [L, H] of the heads that are there; None for all.

    Returns:
        (layer, head) of each head that may go: [P, 2].

    Raises:
        InputError: a number of heads that no layer has.
    """
    scores = np.asarray(importance, dtype=np.float64)
    check_at_least(at_least_per_layer, scores.shape[1])
    may_go = np.ones(scores.shape, dtype=np.bool_) if kept is None else np.array(kept, dtype=np.bool_)
    for row, those in zip(scores, may_go, strict=True):
        ascending = [head for head in np.argsort(row, kind="stable") if those[head]]
        those[ascending[len(ascending) - at_least_per_layer :]] = False
    order = np.argsort(scores, axis=None, kind="stable")
    return np.stack(np.unravel_index(order[may_go.ravel()[order]], scores.shape), axis=1)


def schedule(
    model: Model,
    batches: Sequence[Batch],
    counts: Iterable[int],
    *,
    exact: bool = False,
    score: Score | str = Score.EXAMPLE,
    normalise_by_layer: bool = True,
    at_least_per_layer: int = 0,
) -> Iterator[Mask]:
    """Head masks [L, H] with ever more heads gone, each made when it is asked for.

    Args:
        counts: how many heads are gone in each mask, ascending.
        exact: compute the importance anew, on what is left, before each step but the first.

    Raises:
        InputError: counts that do not ascend or are more than may go; and as `importance` and `pruning_order`.
    """
    network = elastic(model)
    kept = np.ones((network.shape.layers, network.shape.heads), dtype=np.bool_)
    all_units = np.ones((network.shape.layers, network.shape.units))
    most = most_that_go(*kept.shape, at_least_per_layer)
    removed = 0
    order = np.empty((0, 2), dtype=np.int64)
    for count in counts:
        if not removed < count <= most:
            raise InputError(
                f"counts of heads to prune must ascend from 1 to {most} at most, not reach {count} after {removed}"
            )
        if exact or not removed:
            left = prune(network, kept, all_units) if removed else network
            scores = importance(left, batches, score, normalise_by_layer=normalise_by_layer)
            order = pruning_order(scores, at_least_per_layer, kept=kept)
        going, order = order[: count - removed], order[count - removed :]
        kept = kept.copy()
        kept[tuple(going.T)] = False
        removed = count
        yield kept


def check_at_least(at_least_per_layer: int, heads: int) -> None:
    """Raises InputError unless each layer has as many heads as are to stay."""
    if not 0 <= at_least_per_layer <= heads:
        raise InputError(f"at_least_per_layer must be from 0 to the {heads} heads of a layer, not {at_least_per_layer}")


def most_that_go(layers: int, heads: int, at_least_per_layer: int) -> int:
    check_at_least(at_least_per_layer, heads)
    return layers * (heads - at_least_per_layer)


def _differentiate(score: Score) -> Differentiate:
    match score:
        case Score.EXAMPLE:
            return of_examples
        case Score.TOKEN:
            return of_tokens
        case Score.BATCH:
            return of_batch


def _divisors(score: Score, layers: int, examples: int, tokens: int, passes: int) -> NDArray[np.int64]:
    """What the sums of each layer are divided by: [L, 1]."""
    match score:
        case Score.EXAMPLE:
            divisors = np.full(layers, examples)
        case Score.TOKEN:
            divisors = np.full(layers, tokens)
            divisors[-1] = examples
        case Score.BATCH:
            divisors = np.full(layers, passes)
    return divisors[:, None]
