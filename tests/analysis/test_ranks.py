import itertools

import numpy as np
import pytest
from scipy import stats

from analysis.critical_difference import critical_difference, nemenyi
from analysis.ranks import average_ranks, bootstrap_ranks, ranks_over_tasks
from nasbench import rng


def losses_of(*tasks: list[list[float]]) -> np.ndarray:
    """Losses [methods, tasks, repetitions, 1] from tables of repetitions by methods."""
    return np.array(tasks).transpose(2, 0, 1)[..., None]


def test_ranks_with_ties_by_hand() -> None:
    # ranks 1, 2.5, 2.5 and 3, 1.5, 1.5; in the second task 2, 2, 2 and 1, 2, 3
    losses = losses_of([[1, 2, 2], [9, 4, 4]], [[5, 5, 5], [1, 2, 3]])
    np.testing.assert_allclose(average_ranks(losses)[:, 0], [7 / 4, 8 / 4, 9 / 4])


def test_one_task_and_repetition_have_scipys_ranks() -> None:
    losses = np.random.default_rng(0).integers(0, 4, size=(6, 1, 1, 50)).astype(float)
    found = bootstrap_ranks(losses, samples=3)
    expected = stats.rankdata(losses[:, 0, 0], axis=0)
    for ranks in (found.mean, found.low, found.high):
        np.testing.assert_allclose(ranks, expected)


def naive(losses: np.ndarray, samples: int, paired: bool) -> np.ndarray:
    """Draw, rank and average one by one, from the same stream: [samples, methods]."""
    methods, tasks, repetitions, _ = losses.shape
    stream = rng.generator(0, "analysis.ranks")
    of_tasks = stream.integers(tasks, size=(samples, tasks))
    draws = [stream.integers(repetitions, size=(samples, tasks, repetitions)) for _ in range(1 if paired else methods)]
    out = np.zeros((samples, methods))
    for sample, slot, n in itertools.product(range(samples), range(tasks), range(repetitions)):
        task = of_tasks[sample, slot]
        drawn = [losses[m, task, draws[0 if paired else m][sample, slot, n], 0] for m in range(methods)]
        out[sample] += stats.rankdata(drawn) / (tasks * repetitions)
    return out


@pytest.mark.parametrize("paired", [False, True])
def test_bootstrapped_ranks_are_those_of_drawing_and_ranking_one_by_one(paired: bool) -> None:
    losses = np.random.default_rng(1).integers(0, 5, size=(4, 3, 5, 1)).astype(float)
    expected = naive(losses, 40, paired)
    found = bootstrap_ranks(losses, samples=40, paired=paired, confidence=0.8)
    np.testing.assert_allclose(found.mean[:, 0], expected.mean(axis=0))
    np.testing.assert_allclose(found.low[:, 0], np.quantile(expected, 0.1, axis=0))
    np.testing.assert_allclose(found.high[:, 0], np.quantile(expected, 0.9, axis=0))


def test_pairing_takes_out_what_a_seed_does_to_all_methods() -> None:
    luck = np.random.default_rng(2).normal(size=(1, 3, 10, 1))
    losses = luck + np.array([0.0, 0.1, 0.2]).reshape(3, 1, 1, 1)
    paired, apart = bootstrap_ranks(losses, paired=True), bootstrap_ranks(losses)
    np.testing.assert_array_equal(paired.low[:, 0], [1, 2, 3])
    np.testing.assert_array_equal(paired.high[:, 0], [1, 2, 3])
    assert (apart.high - apart.low).min() > 0.3


def test_the_same_seed_gives_the_same_ranks_and_another_others() -> None:
    losses = np.random.default_rng(3).random((3, 2, 4, 5))
    assert (bootstrap_ranks(losses).mean == bootstrap_ranks(losses).mean).all()
    assert (bootstrap_ranks(losses).mean != bootstrap_ranks(losses, seed=1).mean).any()


@pytest.mark.parametrize("losses", [np.zeros((3, 2)), np.full((2, 1, 1, 1), np.nan), np.zeros((2, 0, 1, 1))])
def test_losses_that_cannot_be_ranked_are_refused(losses: np.ndarray) -> None:
    for ranks in (average_ranks, bootstrap_ranks):
        with pytest.raises(ValueError, match="losses must be"):
            ranks(losses)


def test_critical_differences_are_demsars() -> None:
    """Table 5 of Demšar (2006): q at 0.05 for two to ten methods; and his example of 4 methods on 14 data sets."""
    tabulated = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]
    for methods, q in enumerate(tabulated, 2):
        assert nemenyi(methods, 1) == pytest.approx(q * (methods * (methods + 1) / 6) ** 0.5, rel=1e-3)
    assert nemenyi(4, 14, alpha=0.1) == pytest.approx(1.12, abs=0.005)


def test_methods_are_grouped_by_what_cannot_be_told_apart() -> None:
    # Over 12 tasks ranks are 1.5, 1.5, 3, 4 and the critical difference 2.569 * sqrt(20 / 72) = 1.354
    swap = np.tile([[1, 2], [2, 1]], 6)
    losses = np.vstack([swap, np.full((1, 12), 3), np.full((1, 12), 4)])[[3, 0, 2, 1]]
    found = critical_difference(losses)
    assert found.ranks == (4.0, 1.5, 3.0, 1.5)
    assert found.difference == pytest.approx(1.354, abs=1e-3)
    assert found.groups == ((1, 3), (2, 0))
    # chi-squared = 12 N / (k (k + 1)) * (sum of squared ranks - k (k + 1)^2 / 4) = 7.2 * (29.5 - 25)
    assert found.friedman == pytest.approx(stats.chi2.sf(32.4, 3))


def test_methods_that_always_tie_are_one_group() -> None:
    found = critical_difference(np.ones((3, 4)))
    assert (found.ranks, found.friedman, found.groups) == ((2.0, 2.0, 2.0), 1.0, ((0, 1, 2),))


def test_overlapping_groups_are_both_shown_and_contained_ones_not() -> None:
    losses = np.array([[1, 1, 2, 1], [2, 3, 1, 2], [3, 2, 3, 4], [4, 4, 4, 3]])
    found = critical_difference(losses)
    assert found.ranks == (1.25, 2.0, 3.0, 3.75)
    assert found.difference == pytest.approx(2.345, abs=1e-3)
    assert found.groups == ((0, 1, 2), (1, 2, 3))


@pytest.mark.parametrize("losses", [np.zeros((2, 5)), np.zeros((3, 1)), np.full((3, 3), np.nan)])
def test_too_few_methods_or_tasks_are_refused(losses: np.ndarray) -> None:
    with pytest.raises(ValueError, match="losses must be"):
        critical_difference(losses)


def test_ranks_over_tasks_are_of_mean_losses_whatever_the_number_of_repetitions() -> None:
    # task means: 1.5, 2, 3 and 2, 1, 3: ranks 1 2 3 and 2 1 3
    losses = [[[1.0, 2.0], [2.0]], [[2.0], [0.0, 1.0, 2.0]], [[3.0, 3.0], [3.0]]]
    found = ranks_over_tasks(losses, samples=200)
    assert [estimate.value for estimate in found] == [1.5, 1.5, 3.0]
    assert [estimate.n for estimate in found] == [2, 2, 2]
    assert found[2].interval == (3.0, 3.0)


def test_the_interval_of_ranks_over_tasks_is_that_of_samples_drawn_one_by_one() -> None:
    stream = np.random.default_rng(3)
    losses = stream.normal(size=(3, 4, 5)) + np.arange(3)[:, None, None]
    found = ranks_over_tasks(losses.tolist(), samples=4000)
    drawn = []
    for _ in range(4000):
        tasks = stream.integers(4, size=4)
        means = [[stream.choice(losses[m, task], 5).mean() for task in tasks] for m in range(3)]
        drawn.append(stats.rankdata(means, axis=0).mean(axis=1))
    expected = np.quantile(np.array(drawn), [0.025, 0.975], axis=0).T
    assert np.array([estimate.interval for estimate in found]) == pytest.approx(expected, abs=0.26)


def test_methods_that_differ_by_far_have_no_doubt_and_equal_ones_share_a_rank() -> None:
    found = ranks_over_tasks([[[0.0, 0.1]] * 3, [[5.0, 5.1]] * 3, [[9.0]] * 3], samples=100)
    assert [(estimate.value, estimate.interval) for estimate in found] == [(r, (r, r)) for r in (1.0, 2.0, 3.0)]
    assert [estimate.value for estimate in ranks_over_tasks([[[1.0]], [[1.0]]], samples=10)] == [1.5, 1.5]


@pytest.mark.parametrize("losses", [[], [[]], [[[1.0]], [[1.0], [2.0]]], [[[]], [[1.0]]], [[[np.nan]], [[1.0]]]])
def test_losses_that_some_method_lacks_are_refused(losses: list[list[list[float]]]) -> None:
    with pytest.raises(ValueError, match="losses"):
        ranks_over_tasks(losses)


@pytest.mark.slow
def test_intervals_of_ranks_over_tasks_cover_at_their_nominal_rate() -> None:
    """The second method is better on half of all tasks, by far, so both average ranks are 1.5."""
    stream, found = np.random.default_rng(2), []
    for _ in range(300):
        sign = stream.choice([-1.0, 1.0], size=(20, 1))
        losses = [stream.normal(size=(20, 3)) * 0.1 + sign, stream.normal(size=(20, 3)) * 0.1]
        interval = ranks_over_tasks([values.tolist() for values in losses], samples=300, confidence=0.9)[0].interval
        assert interval is not None
        found.append(interval[0] <= 1.5 <= interval[1])
    assert np.mean(found) == pytest.approx(0.9, abs=0.05)
