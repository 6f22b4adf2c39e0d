"""Head scores equal finite differences of the loss in the masks; orders and schedules are those computed by hand."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from baselines.head_pruning import importance, pruning_order, schedule
from nasbench.errors import InputError
from nasbench.records import Head
from tests.baselines import naive
from tests.models.tiny import FAMILIES, HEADS, LAYERS

STEP = 1e-5
CLASSIFICATION = Head.SEQUENCE_CLASSIFICATION


def slope(network: Any, head: Head, given: dict[str, Tensor], kept: Tensor, layer: int, index: int) -> float:
    """Central difference of the mean loss in one head's mask."""
    _, units = naive.ones(network)
    losses = []
    for step in (STEP, -STEP):
        mask = kept.clone()
        mask[layer, index] += step
        with torch.no_grad(), naive.masked(network, mask, units):
            losses.append(float(naive.loss(network, head, given)))
    return (losses[0] - losses[1]) / (2 * STEP)


def mean_slopes(network: Any, head: Head, parts: list[dict[str, Tensor]], kept: Tensor) -> np.ndarray:
    """Mean over parts of the absolute slope in the mask of each head that is there: [L, H]."""
    scores = np.zeros(kept.shape)
    for layer, index in kept.nonzero().tolist():
        scores[layer, index] = np.mean([abs(slope(network, head, part, kept, layer, index)) for part in parts])
    return scores


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("head", [CLASSIFICATION, Head.QUESTION_ANSWERING, Head.MULTIPLE_CHOICE])
def test_scores_are_finite_differences_of_the_loss(family: str, head: Head) -> None:
    network = naive.network(family, head)
    batches = [naive.batch(family, head, seed) for seed in (0, 1)]
    heads, _ = naive.ones(network)
    single = [one for batch in batches for one in naive.examples(batch)]
    for score, parts in (("example", single), ("batch", batches)):
        got = importance(network, batches, score, normalise_by_layer=False)
        np.testing.assert_allclose(got, mean_slopes(network, head, parts, heads), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_token_scores_are_products_of_context_and_gradient(family: str) -> None:
    network, batches = naive.network(family, CLASSIFICATION), [naive.batch(family, CLASSIFICATION, s) for s in (0, 1)]
    expected = np.zeros((LAYERS, HEADS))
    for one in (example for batch in batches for example in naive.examples(batch)):
        with naive.masked(network, *naive.ones(network)) as seen:
            loss = naive.loss(network, CLASSIFICATION, one)
        contexts = seen.inputs[::2]
        for layer, (context, gradient) in enumerate(zip(contexts, torch.autograd.grad(loss, contexts), strict=True)):
            products = (context * gradient).unflatten(-1, (HEADS, -1)).sum(-1)  # [1, S, H]
            expected[layer] += products.abs().sum((0, 1)).detach().numpy()
    real_tokens, number = 2 * (9 + 6 + 2 + 1), 8
    expected[:-1] /= real_tokens
    expected[-1] /= number
    got = importance(network, batches, "token", normalise_by_layer=False)
    np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_normalised_scores_of_a_layer_have_norm_one() -> None:
    network, batches = naive.network("bert", CLASSIFICATION), [naive.batch("bert", CLASSIFICATION)]
    plain = importance(network, batches, normalise_by_layer=False)
    expected = [row / sum(value**2 for value in row) ** 0.5 for row in plain]
    np.testing.assert_allclose(importance(network, batches), expected, rtol=1e-12)


def test_a_layer_without_gradients_is_told() -> None:
    network = naive.network("bert", CLASSIFICATION)
    with torch.no_grad():
        naive.linears(network)[2].weight.zero_()  # what ends the attention of layer 1
    with pytest.raises(InputError, match="the head gradients of layer 1 are all zero"):
        importance(network, [naive.batch("bert", CLASSIFICATION)])


def test_no_examples_are_told() -> None:
    with pytest.raises(InputError, match="at least one batch"):
        importance(naive.network("bert", CLASSIFICATION), [])


SCORES = np.array([[0.3, 0.1, 0.2], [0.5, 0.1, 0.4]])


@pytest.mark.parametrize(
    ("at_least", "expected"),
    [
        (0, [(0, 1), (1, 1), (0, 2), (0, 0), (1, 2), (1, 0)]),
        (1, [(0, 1), (1, 1), (0, 2), (1, 2)]),
        (2, [(0, 1), (1, 1)]),
        (3, []),
    ],
)
def test_heads_go_in_ascending_order_over_the_whole_network(at_least: int, expected: list[tuple[int, int]]) -> None:
    assert [tuple(row) for row in pruning_order(SCORES, at_least).tolist()] == expected


def test_ties_go_by_layer_then_head_and_what_is_gone_goes_no_more() -> None:
    kept = np.array([[True, False, True], [True, True, False]])
    order = pruning_order(np.ones((2, 3)), kept=kept)
    assert order.tolist() == [[0, 0], [0, 2], [1, 0], [1, 1]]
    assert pruning_order(np.ones((2, 3)), 1, kept=kept).tolist() == [[0, 0], [1, 0]]


def test_the_plain_schedule_follows_one_order() -> None:
    network, batches = naive.network("bert", CLASSIFICATION), [naive.batch("bert", CLASSIFICATION)]
    order = pruning_order(importance(network, batches)).tolist()
    for count, mask in zip((1, 5, 12), schedule(network, batches, (1, 5, 12)), strict=True):
        assert sorted(order[:count]) == np.argwhere(~mask).tolist()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("normalise", [False, True])
def test_the_exact_schedule_scores_what_is_left_anew(family: str, normalise: bool) -> None:
    network, batches = naive.network(family, CLASSIFICATION), [naive.batch(family, CLASSIFICATION)]
    kept, counts = torch.ones(LAYERS, HEADS, dtype=torch.float64), (3, 5, 8, 9, 10, 11, 12)
    masks = schedule(network, batches, counts, exact=True, normalise_by_layer=normalise)
    for count, mask in zip(counts, masks, strict=True):
        scores = mean_slopes(network, CLASSIFICATION, naive.examples(batches[0]), kept)
        if normalise:
            scores /= np.linalg.norm(scores, axis=1, keepdims=True) + 1e-20
        left = sorted((round(scores[i, j], 8), i, j) for i, j in kept.nonzero().tolist())
        for _, i, j in left[: count - int((kept == 0).sum())]:
            kept[i, j] = 0
        np.testing.assert_array_equal(mask, kept.numpy() != 0)


def test_heads_that_must_stay_stay() -> None:
    network, batches = naive.network("bert", CLASSIFICATION), [naive.batch("bert", CLASSIFICATION)]
    for exact in (False, True):
        (*_, last) = schedule(network, batches, (4, 9), exact=exact, at_least_per_layer=1)
        np.testing.assert_array_equal(last.sum(1), 1)


@pytest.mark.parametrize(
    ("counts", "at_least", "message"),
    [
        ((13,), 0, "from 1 to 12 at most, not reach 13 after 0"),
        ((0,), 0, "not reach 0 after 0"),
        ((4, 4), 0, "not reach 4 after 4"),
        ((10,), 1, "from 1 to 9 at most"),
        ((1,), 5, "at_least_per_layer must be from 0 to the 4 heads of a layer, not 5"),
    ],
)
def test_a_schedule_that_cannot_be_is_told(counts: tuple[int, ...], at_least: int, message: str) -> None:
    network, batches = naive.network("bert", CLASSIFICATION), [naive.batch("bert", CLASSIFICATION)]
    with pytest.raises(InputError, match=message):
        list(schedule(network, batches, counts, at_least_per_layer=at_least))
