"""Which heads and units to keep within a budget of MACs: phase 1 of retraining-free pruning (Kwon et al. 2022)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from baselines.masks import Mask
from nasbench.errors import InputError


def search(
    head_gradients: ArrayLike,
    neuron_gradients: ArrayLike,
    *,
    kept_macs: float,
    sequence_length: float,
    hidden_size: int,
    head_size: int,
) -> tuple[Mask, Mask]:
    """The most important heads and units that a budget has room for (Kwon et al. 2022, section 4.1, algorithm 1).

    A head or unit is as important as the sum of its squared gradients, the diagonal of the empirical Fisher information
    matrix. For each number of heads k = 1, 2, ... the best k heads and all the best units that still fit are a
    candidate, and the first of the most important candidates wins. No head is kept only where not even one fits.

    Args:
        head_gradients: [N, L, H], as `mask_gradients` gives them.
        neuron_gradients: [N, L, I].
        kept_macs: the budget, as a fraction in (0, 1] of the encoder's MACs.
        sequence_length: mean number of tokens of a sequence, s.
        hidden_size, head_size: d and dh; a head costs 4 s d dh + 2 s^2 dh MACs and a unit 2 s d.

    Returns:
        (head_mask [L, H], neuron_mask [L, I]), true for what is kept.

    Raises:
        InputError: a budget outside (0, 1], gradients of other shapes, or a layer whose gradients are all zero.
    """
    check_kept_macs(kept_macs)
    heads, units = importance(head_gradients, "head"), importance(neuron_gradients, "neuron")
    if len(heads) != len(units):
        raise InputError(f"gradients of the heads are of {len(heads)} layers, those of the units of {len(units)}")
    head_macs = 4 * sequence_length * hidden_size * head_size + 2 * sequence_length**2 * head_size
    unit_macs = 2 * sequence_length * hidden_size
    budget = kept_macs * (heads.size * head_macs + units.size * unit_macs)
    k = np.arange(1, heads.size + 1)
    k = k[k * head_macs <= budget] if head_macs <= budget else np.array([0])
    n = _most(budget, k * head_macs, unit_macs)
    n = np.minimum(n, units.size)
    head_order, unit_order = (np.argsort(-scores, axis=None, kind="stable") for scores in (heads, units))
    best = int(np.argmax(_sums(heads, head_order)[k] + _sums(units, unit_order)[n]))
    return _mask(heads.shape, head_order[: k[best]]), _mask(units.shape, unit_order[: n[best]])


def check_kept_macs(kept_macs: float) -> None:
    """Raises InputError unless a budget is in (0, 1]."""
    if not 0 < kept_macs <= 1:
        raise InputError(f"kept_macs, a fraction of the encoder's MACs, must be in (0, 1], not {kept_macs}")


def importance(gradients: ArrayLike, kind: str) -> NDArray[np.float64]:
    """Sums of squared gradients: [L, K] from [N, L, K].

    Raises:
        InputError: another number of dimensions, or a layer whose gradients are all zero.
    """
    array = np.asarray(gradients)
    if array.ndim != 3:
        raise InputError(f"{kind} gradients must be [examples, layers, {kind}s], not of shape {array.shape}")
    scores = np.einsum("nlk,nlk->lk", array, array, dtype=np.float64)
    empty = np.flatnonzero(~scores.any(axis=1))
    if len(empty):
        raise InputError(
            f"the {kind} gradients of layer {empty[0]} are all zero, so nothing says which {kind}s matter: give "
            "examples that the loss depends on, and a model with nothing pruned"
        )
    return scores


def _most(budget: float, spent: NDArray[np.floating], price: float) -> NDArray[np.int64]:
    """The largest n of which spent + n * price is within the budget as it stands, whatever a division rounds to."""
    n = np.floor((budget - spent) / price)
    n += spent + (n + 1) * price <= budget
    n -= spent + n * price > budget
    return n.astype(np.int64)


def _sums(scores: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[np.float64]:
    """What the first 0, 1, 2, ... of an order are worth together."""
    return np.concatenate([[0.0], np.cumsum(scores.ravel()[order])])


def _mask(shape: tuple[int, ...], kept: NDArray[np.intp]) -> Mask:
    mask = np.zeros(shape, dtype=np.bool_)
    mask.flat[kept] = True
    return mask
