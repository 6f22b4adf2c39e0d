"""Which heads or units of a layer to keep, their interactions counted: phase 2 of retraining-free pruning."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from baselines.masks import Mask
from nasbench.errors import InputError


def rearrange(mask: ArrayLike, gradients: ArrayLike) -> Mask:
    """Move each layer's pruned entries to where they cost least together (Kwon et al. 2022, section 4.2).

    In each layer as many entries stay pruned as were. The pruned set S starts with the entries of the smallest
    gradients; then every other entry i, in ascending order of its gradient's norm, enters S, and the j of S leaves for
    which ||sum_S g - g_j||^2, the block-diagonal Fisher estimate of what pruning the rest costs, is smallest. With the
    Gram matrix of the gradients a step takes O(K) whatever N is.

    Args:
        mask: [L, K], or [..., L, K] for several masks at the price of one Gram matrix; zero for what is pruned.
        gradients: [N, L, K], of heads or of units.

    Returns:
        The rearranged mask or masks, true for what is kept.

    Raises:
        InputError: shapes that do not fit.
    """
    kept, g = np.asarray(mask) != 0, np.asarray(gradients)
    if g.ndim != 3 or kept.ndim < 2 or kept.shape[-2:] != g.shape[1:]:
        raise InputError(f"a mask of shape {kept.shape} and gradients of shape {g.shape} are not [L, K] and [N, L, K]")
    rearranged = np.ones_like(kept)
    for layer in range(g.shape[1]):
        of_layer = g[:, layer].astype(np.float64)
        gram = of_layer.T @ of_layer
        for where in np.ndindex(kept.shape[:-2]):
            pruned = int((~kept[(*where, layer)]).sum())
            rearranged[(*where, layer)][_cheapest(gram, pruned)] = False
    return rearranged


def _cheapest(gram: NDArray[np.float64], size: int) -> NDArray[np.intp]:
    """The set S of `size` entries, found greedily from the Gram matrix [K, K] of their gradients."""
    norms = gram.diagonal()
    order = np.argsort(norms, kind="stable")
    if size in (0, len(order)):
        return order[:size]
    members = order[: size + 1].copy()  # S, in the order of entering, and a place for the newcomer
    products = gram[members[:-1]].sum(axis=0)  # of the sum of S with every entry
    for newcomer in order[size:]:
        members[-1] = newcomer
        products += gram[newcomer]
        # ||sum - g_j||^2 = ||sum||^2 - 2 <sum, g_j> + ||g_j||^2, of which the first term is the same for all j.
        leaver = int(np.argmin(norms[members] - 2 * products[members]))
        products -= gram[members[leaver]]
        members[leaver:-1] = members[leaver + 1 :]
    return members[:-1]
