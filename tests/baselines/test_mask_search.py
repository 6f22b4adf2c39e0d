"""Search equals brute force over all numbers of heads and units, and never exceeds its budget."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.retraining_free_pruning import search
from nasbench import cost
from nasbench.errors import InputError
from nasbench.records import SubNetwork

D, DH = 8, 4


def gradients(seed: int, layers: int, heads: int, units: int, n: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    # Layers of very different importance, so that some lose everything.
    scale = 10.0 ** rng.uniform(-3, 1, (1, layers, 1))
    return scale * rng.standard_normal((n, layers, heads)), scale * rng.standard_normal((n, layers, units))


def macs(s: float) -> tuple[float, float]:
    """Of a head and of a unit, by definition: projections and attention; two matrices."""
    return 4 * s * D * DH + 2 * s**2 * DH, 2 * s * D


@given(
    seed=st.integers(0, 10**6),
    layers=st.integers(1, 3),
    heads=st.integers(1, 3),
    units=st.integers(1, 6),
    kept_macs=st.floats(0.01, 1.0) | st.sampled_from([0.1, 0.5, 0.9, 1.0]),
    s=st.floats(1.0, 64.0) | st.just(16.0),
)
def test_search_equals_brute_force(seed: int, layers: int, heads: int, units: int, kept_macs: float, s: float) -> None:
    g_heads, g_units = gradients(seed, layers, heads, units)
    head_mask, unit_mask = search(g_heads, g_units, kept_macs=kept_macs, sequence_length=s, hidden_size=D, head_size=DH)
    head, unit = macs(s)
    budget = kept_macs * (layers * heads * head + layers * units * unit)
    of_heads, of_units = (g_heads**2).sum(0), (g_units**2).sum(0)

    assert int(head_mask.sum()) * head + int(unit_mask.sum()) * unit <= budget
    best_heads, best_units = (sorted(scores.ravel(), reverse=True) for scores in (of_heads, of_units))
    values = [
        sum(best_heads[:k]) + sum(best_units[:n])
        for k in range(1, layers * heads + 1)
        for n in range(layers * units + 1)
        if k * head + n * unit <= budget
    ]
    if not values:  # not even one head fits
        assert not head_mask.any()
        values = [sum(best_units[:n]) for n in range(layers * units + 1) if n * unit <= budget]
    assert of_heads[head_mask].sum() + of_units[unit_mask].sum() == pytest.approx(max(values), rel=1e-12)
    assert min(of_heads[head_mask], default=math.inf) >= max(of_heads[~head_mask], default=0)
    assert min(of_units[unit_mask], default=math.inf) >= max(of_units[~unit_mask], default=0)


def test_macs_of_heads_and_units_are_those_of_the_suite() -> None:
    shape = cost.NetworkShape(
        hidden_size=D,
        head_size=DH,
        layers=1,
        heads=2,
        units=3,
        embedding_parameters=0,
        output_parameters=0,
        output_macs_per_sequence=0,
        output_macs_per_token=0,
    )
    head, unit = macs(7)
    assert cost.forward_macs(shape, SubNetwork((0,), (range(2),), (range(3),)), [7]) == 2 * head + 3 * unit


def test_by_hand_where_the_published_code_exceeds_its_budget() -> None:
    """Three heads of 3 MACs and three units of 1 (d = 1, dh = 1, s = 1: 6 and 2), half of 24 MACs: 12.

    One head leaves 6 MACs for all three units: 9 + 3 = 12 of importance. Two heads fit alone: 18. Three would cost 18
    MACs, though they are worth 27; with the number of units clamped at zero they would be taken.
    """
    g_heads = np.full((1, 1, 3), 3.0)
    g_units = np.ones((1, 1, 3))
    head_mask, unit_mask = search(g_heads, g_units, kept_macs=0.5, sequence_length=1, hidden_size=1, head_size=1)
    assert (head_mask.tolist(), unit_mask.tolist()) == ([[True, True, False]], [[False, False, False]])


@pytest.mark.parametrize("s", [128, 36.7])
def test_everything_is_kept_at_one(s: float) -> None:
    head_mask, unit_mask = search(
        *gradients(0, 4, 12, 100), kept_macs=1.0, sequence_length=s, hidden_size=384, head_size=32
    )
    assert head_mask.all()
    assert unit_mask.all()


def test_of_equally_important_candidates_the_one_with_fewest_heads_wins() -> None:
    """A head is worth what the units are that it displaces: (1 head, 3 units) and (2 heads, 0 units) are worth 4."""
    g_heads, g_units = np.sqrt([[[3.0, 1.0]]]), np.sqrt([[[1 / 3] * 3]])
    head_mask, unit_mask = search(g_heads, g_units, kept_macs=12 / 18, sequence_length=1, hidden_size=1, head_size=1)
    assert (head_mask.sum(), unit_mask.sum()) == (1, 3)


@pytest.mark.parametrize("kept_macs", [0.0, -0.1, 1.01, math.nan])
def test_a_budget_out_of_range_is_told(kept_macs: float) -> None:
    with pytest.raises(InputError, match=rf"kept_macs.* must be in \(0, 1\], not {kept_macs}"):
        search(*gradients(0, 2, 2, 4), kept_macs=kept_macs, sequence_length=8, hidden_size=D, head_size=DH)


@pytest.mark.parametrize("kind", ["head", "neuron"])
def test_a_layer_without_gradients_is_told(kind: str) -> None:
    g_heads, g_units = gradients(0, 3, 2, 4)
    (g_heads if kind == "head" else g_units)[:, 1] = 0
    with pytest.raises(InputError, match=f"the {kind} gradients of layer 1 are all zero"):
        search(g_heads, g_units, kept_macs=0.5, sequence_length=8, hidden_size=D, head_size=DH)


def test_gradients_of_another_shape_are_told() -> None:
    g_heads, g_units = gradients(0, 3, 2, 4)
    with pytest.raises(InputError, match=r"head gradients must be \[examples, layers, heads\], not of shape \(3, 2\)"):
        search(g_heads[0], g_units, kept_macs=0.5, sequence_length=8, hidden_size=D, head_size=DH)
    with pytest.raises(InputError, match="of the heads are of 2 layers, those of the units of 3"):
        search(g_heads[:, :2], g_units, kept_macs=0.5, sequence_length=8, hidden_size=D, head_size=DH)
