"""Regularised evolution: the population ages, and parents are the best of the sample by true non-dominated rank."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from nasbench import rng
from nasbench.errors import InputError
from nasbench.records import Architecture, Proposal, Status, Trial
from nasbench.search.mo_rea import RegularizedEvolution
from nasbench.search.ranking import Ranking
from tests.search.toy import drive, lattice, trial
from tests.test_pareto import dominates

SPACE = lattice(40, 40)


def history_of(values: Sequence[Sequence[float] | Status]) -> list[Trial]:
    return [trial(i, Proposal(Architecture((i, 0))), value) for i, value in enumerate(values)]


def parents(search: RegularizedEvolution, history: list[Trial], n: int = 300) -> list[int | None]:
    streams = (rng.generator(0, "test", i) for i in range(n))
    return [proposal.parent for stream in streams for proposal in search.propose(SPACE, history, stream)]


def rank_by_brute_force(values: np.ndarray) -> np.ndarray:
    rank = np.full(len(values), -1)
    for r in range(len(values)):
        left = np.flatnonzero(rank < 0)
        rank[[i for i in left if not any(dominates(values[j], values[i]) for j in left)]] = r
    return rank


def random_points(seed: int, n: int = 10) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 8, size=(n, 2)).astype(float)


def test_it_draws_until_the_population_is_full_then_mutates() -> None:
    history = drive(RegularizedEvolution(population_size=6), SPACE, lambda a: SPACE.encode(a).tolist(), 12)
    assert [item.proposal.parent is None for item in history] == [True] * 6 + [False] * 6


def test_trials_without_objectives_are_no_members() -> None:
    history = history_of([(1.0, 2.0), Status.FAILED, (2.0, 1.0), Status.DIVERGED, Status.STOPPED, (2.0, 3.0)])
    assert parents(RegularizedEvolution(population_size=4), history, 5) == [None] * 5
    assert set(parents(RegularizedEvolution(population_size=3, sample_size=50), history)) == {0, 2}


@pytest.mark.parametrize("seed", range(5))
def test_a_sample_of_everything_gives_the_true_front_whatever_the_order(seed: int) -> None:
    search = RegularizedEvolution(sample_size=200)  # with replacement, and still all of the ten
    values = random_points(seed)
    for order in (np.arange(10), np.random.default_rng(seed).permutation(10)):
        shuffled = values[order]
        front = {i for i in range(10) if rank_by_brute_force(shuffled)[i] == 0}
        assert set(parents(search, history_of(shuffled.tolist()))) == front


def test_negated_objectives_give_the_front_of_the_other_side() -> None:
    values = random_points(7)
    front = {i for i in range(10) if rank_by_brute_force(-values)[i] == 0}
    assert set(parents(RegularizedEvolution(sample_size=200), history_of((-values).tolist()))) == front


def test_parents_are_as_often_chosen_as_samples_with_replacement_make_them() -> None:
    """With all ten in a chain, the parent is the best of five draws: member i beats those behind it."""
    search = RegularizedEvolution()
    found = parents(search, history_of([(float(i), float(i)) for i in range(10)]), 4000)
    share = np.bincount([i for i in found if i is not None], minlength=10) / 4000
    left = np.arange(11) / 10
    expected = ((1 - left[:-1]) ** 5) - ((1 - left[1:]) ** 5)
    assert share == pytest.approx(expected, abs=0.03)


def test_the_oldest_leaves_however_good_it_is() -> None:
    search = RegularizedEvolution(sample_size=200)
    history = history_of([(0.0, 0.0), *[(float(i), float(10 - i)) for i in range(1, 10)]])
    assert set(parents(search, history)) == {0}
    aged = [*history, trial(10, Proposal(Architecture((10, 0))), (11.0, 11.0))]
    assert set(parents(search, aged)) == set(range(1, 10))


@pytest.mark.parametrize("change", [lambda v: np.exp(v), lambda v: v**3 - 5, lambda v: -1 / (v + 1)])
def test_a_monotone_change_of_an_objective_changes_no_proposal(change: Callable) -> None:
    for seed in range(5):
        values = random_points(seed)
        changed = values.copy()
        changed[:, 1] = change(changed[:, 1])
        search = RegularizedEvolution()
        assert parents(search, history_of(values.tolist()), 50) == parents(search, history_of(changed.tolist()), 50)


def test_parents_of_the_published_fault_are_hardly_better_than_chance() -> None:
    """Share of parents that nothing in the population dominates, for random points and samples of all of them."""
    shares = []
    for seed in range(60):
        values = np.random.default_rng(seed).random((11, 2))
        front = {int(i) + 1 for i in np.flatnonzero(rank_by_brute_force(values[1:]) == 0)}
        found = [
            {*parents(RegularizedEvolution(ranking=ranking, sample_size=200), history_of(values.tolist()), 3)}
            for ranking in Ranking
        ]
        shares.append([*(len(chosen & front) / len(chosen) for chosen in found), len(front) / 10])
    correct, published, chance = np.mean(shares, axis=0)
    assert list(Ranking) == [Ranking.CORRECT, Ranking.AS_PUBLISHED]
    assert correct == 1.0
    assert published == pytest.approx(chance, abs=0.15)


def test_the_published_fault_by_hand() -> None:
    # Best first: 1, 2, 0, so the library gave item 0 priority 1, item 1 priority 2, item 2 priority 0.
    history = history_of([(2.0, 2.0), (0.0, 0.0), (1.0, 1.0)])
    published = RegularizedEvolution(population_size=3, sample_size=50, ranking=Ranking.AS_PUBLISHED)
    assert set(parents(published, history)) == {2}
    assert set(parents(RegularizedEvolution(population_size=3, sample_size=50), history)) == {1}


@pytest.mark.parametrize(("field", "value"), [("population_size", 0), ("sample_size", 0), ("batch_size", 0)])
def test_ranges_are_checked(field: str, value: int) -> None:
    with pytest.raises(InputError, match=rf"search\.{field} must be at least 1, not 0"):
        RegularizedEvolution(**{field: value})  # type: ignore[arg-type]
