"""Rearranging by Gram matrices equals the greedy algorithm as Kwon et al. 2022 word it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.retraining_free_pruning import rearrange
from nasbench.errors import InputError


def naive(mask: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """One layer: mask [K], gradients [N, K]; sums of vectors, spelt out."""
    pruned = int((~mask).sum())
    ascending = sorted(range(len(mask)), key=lambda i: float((gradients[:, i] ** 2).sum()))
    members = ascending[:pruned]
    for newcomer in ascending[pruned:]:
        if not pruned:
            break
        members.append(newcomer)
        total = gradients[:, members].sum(axis=1)
        costs = [float(((total - gradients[:, j]) ** 2).sum()) for j in members]
        members.pop(int(np.argmin(costs)))
    rearranged = np.ones_like(mask)
    rearranged[members] = False
    return rearranged


@given(seed=st.integers(0, 10**6), n=st.integers(1, 8), layers=st.integers(1, 3), size=st.integers(1, 9))
def test_rearranging_equals_the_naive_greedy(seed: int, n: int, layers: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((layers, size)) < rng.random()
    # Correlated gradients: what one entry does another undoes, or interactions would not matter.
    gradients = rng.standard_normal((n, layers, 2)) @ rng.standard_normal((2, size))
    gradients += 0.1 * rng.standard_normal((n, layers, size))
    expected = np.stack([naive(mask[layer], gradients[:, layer]) for layer in range(layers)])
    got = rearrange(mask, gradients)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(got.sum(1), mask.sum(1))


def test_opposite_gradients_are_pruned_together_by_hand() -> None:
    """Gradients 1, -1.1, 1.5 and 1.6: alone the first two are smallest, and together they almost cancel out.

    With 1, 1.05, -1.1 and 1.2 the two smallest are 1 and 1.05, of which one gives way to -1.1.
    """
    keep_two = np.array([[True, True, False, False]])
    assert rearrange(keep_two, np.array([[[1.0, -1.1, 1.5, 1.6]]])).tolist() == [[False, False, True, True]]
    # Enter -1.1: sums without each are -0.05, -0.1 and 2.05, so 1 leaves; enter 1.2: 0.1, 2.25 and -0.05, 1.2 leaves.
    assert rearrange(keep_two, np.array([[[1.0, 1.05, -1.1, 1.2]]])).tolist() == [[True, False, False, True]]


def test_several_masks_share_a_pass() -> None:
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((6, 2, 7))
    masks = rng.random((3, 2, 7)) < 0.5
    together = rearrange(masks, gradients)
    np.testing.assert_array_equal(together, np.stack([rearrange(mask, gradients) for mask in masks]))


def test_nothing_moves_where_all_or_nothing_is_pruned() -> None:
    mask = np.array([[True] * 4, [False] * 4])
    np.testing.assert_array_equal(rearrange(mask, np.random.default_rng(0).standard_normal((5, 2, 4))), mask)


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(InputError, match=r"a mask of shape \(2, 4\) and gradients of shape \(5, 2, 3\)"):
        rearrange(np.ones((2, 4)), np.ones((5, 2, 3)))
