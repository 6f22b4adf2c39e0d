"""Successive halving: rungs, and promotions of the best of each rung by true non-dominated rank."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench import rng
from nasbench.config import build
from nasbench.errors import InputError
from nasbench.records import Architecture, Proposal, Status, Trial
from nasbench.results import read_run
from nasbench.search.mo_asha import SuccessiveHalving
from nasbench.search.random_search import RandomSearch
from nasbench.search.ranking import Ranking
from tests.search.test_mo_rea import rank_by_brute_force
from tests.search.toy import lattice, trial, values

SPACE = lattice(60, 60)
SEARCH = SuccessiveHalving(max_fidelity=5)


def rung_of(outcomes: list, fidelity: int = 1) -> list[Trial]:
    return [trial(i, Proposal(Architecture((i, 0)), fidelity), outcome) for i, outcome in enumerate(outcomes)]


def promotions(search: SuccessiveHalving, history: list[Trial]) -> list[Proposal]:
    proposals = search.propose(SPACE, history, rng.generator(0, "test"))
    return [proposal for proposal in proposals if proposal.resumes is not None]


def noisy(architecture: Architecture, fidelity: int, seed: int) -> list[float] | Status:
    """Two objectives that settle as training goes on; some trials fail."""
    stream = rng.generator(seed, str(architecture.values), fidelity)
    x, y = SPACE.encode(architecture)
    if stream.random() < 0.1:
        return Status.FAILED
    return [float(x + stream.random() / fidelity), float(1 - x + y + stream.random() / fidelity)]


def run(search: SuccessiveHalving, trials: int, seed: int) -> list[Trial]:
    history: list[Trial] = []
    while len(history) < trials:
        batch = len(history)
        for proposal in search.propose(SPACE, history, rng.generator(seed, "search", batch)):
            assert proposal.fidelity is not None
            outcome = noisy(proposal.architecture, proposal.fidelity, seed)
            history.append(trial(len(history), proposal, outcome, batch))
    return history


def test_weights_are_kept_for_what_may_yet_be_promoted() -> None:
    history = [*rung_of([[0.1, 0.2], Status.FAILED, [0.2, 0.1]]), *rung_of([[0.0, 0.0]], fidelity=5)]
    history[3] = replace(history[3], index=3, proposal=replace(history[3].proposal, resumes=0))
    assert [trial.index for trial in SEARCH.breeding(history)] == [2]


@pytest.mark.parametrize(
    ("epochs", "rungs"), [(1, [1]), (2, [1, 2]), (3, [1, 3]), (5, [1, 3, 5]), (9, [1, 3, 9]), (20, [1, 3, 9, 20])]
)
def test_rungs_triple_up_to_the_last(epochs: int, rungs: list[int]) -> None:
    assert SuccessiveHalving(max_fidelity=epochs).rungs == rungs


def test_the_first_batch_is_random_at_the_lowest_rung() -> None:
    proposals = SEARCH.propose(SPACE, [], rng.generator(0, "test"))
    assert [(p.fidelity, p.resumes) for p in proposals] == [(1, None)] * 8


def test_a_single_rung_is_random_search() -> None:
    history = rung_of([(float(i), float(i)) for i in range(8)])
    proposals = SuccessiveHalving(max_fidelity=1).propose(SPACE, history, rng.generator(0, "test"))
    assert [(p.fidelity, p.resumes) for p in proposals] == [(1, None)] * 8
    same = RandomSearch(batch_size=8).propose(SPACE, history, rng.generator(0, "test"))
    assert [p.architecture for p in proposals] == [p.architecture for p in same]


def test_a_run_of_one_epoch_has_a_single_rung(tmp_path: Path, make_run: Callable[..., Path]) -> None:
    run = read_run(make_run(tmp_path, "s_nas", "search=mo_asha", "search.batch_size=3", "training.epochs=1"))
    assert run.end is not None
    assert len(run.trials) > 1
    assert all(item.ok and item.proposal.fidelity == 1 and item.proposal.resumes is None for item in run.trials)


def test_a_third_of_a_rung_goes_on_and_the_batch_is_filled_up() -> None:
    history = rung_of([(float(i), float(i)) for i in range(8)])
    proposals = SEARCH.propose(SPACE, history, rng.generator(0, "test"))
    assert proposals[:2] == [Proposal(Architecture((i, 0)), fidelity=3, resumes=i) for i in (0, 1)]
    assert [(p.fidelity, p.resumes) for p in proposals[2:]] == [(1, None)] * 6


def test_what_was_promoted_is_not_promoted_again_even_where_it_failed() -> None:
    history = rung_of([(float(i), float(i)) for i in range(8)])
    history.append(trial(8, Proposal(Architecture((0, 0)), 3, resumes=0), Status.DIVERGED))
    assert [proposal.resumes for proposal in promotions(SEARCH, history)] == [1]


def test_the_highest_rung_goes_first() -> None:
    low = rung_of([(float(i), float(i)) for i in range(12)])
    middle = [trial(12 + i, Proposal(Architecture((i, 0)), 3, resumes=i), (float(i), float(i))) for i in range(3)]
    found = [(proposal.fidelity, proposal.resumes) for proposal in promotions(SEARCH, [*low, *middle])]
    assert found == [(5, 12), (3, 3)]


def test_trials_without_objectives_count_in_their_rung_and_stay_there() -> None:
    outcomes = [Status.FAILED, (1.0, 1.0), Status.DIVERGED, (2.0, 2.0), Status.STOPPED, (3.0, 3.0)]
    assert [proposal.resumes for proposal in promotions(SEARCH, rung_of(outcomes))] == [1, 3]
    assert promotions(SEARCH, rung_of([Status.FAILED] * 9)) == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("batch_size", [1, 8])
def test_promotions_are_the_best_of_their_rung_by_brute_force(batch_size: int, seed: int) -> None:
    """Whoever is promoted has fewer trials of strictly better rank beside it than the rung has places."""
    history = run(replace(SEARCH, batch_size=batch_size), 80, seed)
    promoted = [item for item in history if item.proposal.resumes is not None]
    assert {item.proposal.fidelity for item in promoted} == {3, 5}
    for item in promoted:
        assert item.proposal.resumes is not None
        source = history[item.proposal.resumes]
        rung = [t for t in history[: item.batch] if t.proposal.fidelity == source.proposal.fidelity]
        ranked = [t for t in rung if t.ok]
        rank = rank_by_brute_force(values(ranked))
        better = (rank < rank[[t.index for t in ranked].index(source.index)]).sum()
        assert better < len(rung) // 3


def test_the_order_of_a_rung_does_not_matter() -> None:
    points = np.random.default_rng(0).random((15, 2))
    chosen = set()
    for order in (np.arange(15), np.random.default_rng(1).permutation(15)):
        history = rung_of(points[order].tolist())
        chosen.add(frozenset(int(order[p.resumes]) for p in promotions(SEARCH, history) if p.resumes is not None))
    assert len(chosen) == 1


def test_the_published_fault_by_hand() -> None:
    # Best first: 1, 2, 0, so the library gave item 2 priority 0.
    history = rung_of([(2.0, 2.0), (0.0, 0.0), (1.0, 1.0)])
    assert [p.resumes for p in promotions(SEARCH, history)] == [1]
    assert [p.resumes for p in promotions(replace(SEARCH, ranking=Ranking.AS_PUBLISHED), history)] == [2]


def test_warm_starts_begin_at_the_lowest_rung() -> None:
    proposals = replace(SEARCH, warm_start=True).propose(SPACE, [], rng.generator(0, "test"))
    assert [(p.architecture.values, p.fidelity) for p in proposals] == [((59, 59), 1), ((0, 0), 1), ((29, 29), 1)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_fidelity": 0}, r"search\.min_fidelity must be from 1 to search\.max_fidelity=0 epochs, not 1"),
        ({"max_fidelity": 3, "min_fidelity": 4}, r"search\.max_fidelity=3 epochs, not 4"),
        ({"max_fidelity": 3, "min_fidelity": 0}, r"search\.max_fidelity=3 epochs, not 0"),
        ({"max_fidelity": 3, "eta": 1}, r"search\.eta must be at least 2, not 1"),
        ({"max_fidelity": 3, "ranking": "best"}, r"search\.ranking must be one of correct, as_published, not 'best'"),
    ],
)
def test_ranges_are_checked(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build({"_target_": "nasbench.search.mo_asha.SuccessiveHalving", **settings}, "search")
