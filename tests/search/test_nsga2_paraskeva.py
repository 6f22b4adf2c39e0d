"""NSGA-II with a cut: the paper's counts, who survives, who is a parent, and generations in which all goes wrong."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import moocore
import numpy as np
import pytest
from pymoo.core.population import Population
from pymoo.core.problem import Problem
from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

from nasbench import rng
from nasbench.blocks import BlockList
from nasbench.drive import front
from nasbench.errors import InputError
from nasbench.records import Architecture, Evaluation, Proposal, Sizes, Status, Trial
from nasbench.search.nsga2_paraskeva import Nsga2Paraskeva
from nasbench.search.survival import Crowding, survivors
from nasbench.spaces.hierarchical import Hierarchical, HierarchicalSpace
from tests.spaces.test_hierarchical import DISTILBERT

SPACE = Hierarchical().bind(DISTILBERT)
PAPER = Nsga2Paraskeva()
Outcome = Callable[[int, Proposal], Status | None]


def quality(architecture: Architecture) -> float:
    """A made-up error, that has nothing to do with the size."""
    return rng.key(0, str(architecture.values)) / 2**63


def evaluated(index: int, proposal: Proposal, status: Status | None) -> Evaluation:
    parameters = sum(
        b.inner + sum(map(sum, (f.widths for f in b.feed_forward))) for b in SPACE.network(proposal.architecture).blocks
    )
    sizes = Sizes(parameters, parameters, parameters)
    error = quality(proposal.architecture)
    if status is not None:
        return Evaluation(status=status, cost=1, sizes=sizes)
    if proposal.fidelity == 1:
        return Evaluation(status=Status.STOPPED, cost=1, sizes=sizes, scores={"mlm_loss": error})
    validation = {"error": error, "size": parameters / 30_000}
    return Evaluation(status=Status.OK, cost=1, sizes=sizes, validation=validation)


def search(
    method: Nsga2Paraskeva, outcome: Outcome = lambda index, proposal: None, seed: int = 0, limit: int = 300
) -> list[Trial]:
    history: list[Trial] = []
    while len(history) < limit:
        proposals = method.propose(SPACE, history, rng.generator(seed, "search", len(history)))
        if not proposals:
            break
        batch = len(history)
        for proposal in proposals:
            index = len(history)
            evaluation = evaluated(index, proposal, outcome(index, proposal))
            history.append(Trial(index, batch, proposal, evaluation, spent=index + 1))
    return history


def parents_of(history: Sequence[Trial]) -> dict[int, set[int]]:
    """By batch, the parents of its children."""
    found: dict[int, set[int]] = {}
    for trial in history:
        if trial.proposal.parent is not None:
            found.setdefault(trial.batch, set()).add(trial.proposal.parent)
    return found


def test_the_papers_search_trains_44_networks_32_of_them_to_the_end() -> None:
    history = search(PAPER)
    begun = [t for t in history if t.proposal.resumes is None]
    finished = [t for t in history if t.evaluation.status is Status.OK]
    assert (len(begun), len(finished)) == (44, 32)
    assert [len(list(b)) for b in batches(history)] == [8, 12, 6, 12, 6, 12, 12]
    assert sum(t.proposal.analysis_only for t in history) == 6


def batches(history: Sequence[Trial]) -> list[list[Trial]]:
    return [[t for t in history if t.batch == batch] for batch in sorted({t.batch for t in history})]


def test_the_better_half_at_the_cut_is_resumed() -> None:
    history = search(PAPER)
    for children, resumed in zip(batches(history)[1::2], batches(history)[2::2], strict=True):
        order = sorted(children, key=lambda t: t.evaluation.scores["mlm_loss"])
        kept = [t.proposal.resumes for t in resumed if not t.proposal.analysis_only]
        assert kept == [t.index for t in order[:6]]
        assert {t.proposal.resumes for t in resumed if t.proposal.analysis_only} <= {t.index for t in order[6:]}


def test_divergence_does_not_lower_how_many_go_on() -> None:
    """Of twelve children four diverge before the cut: six of the other eight are resumed, at the very end all eight."""
    history = search(PAPER, lambda i, p: Status.DIVERGED if p.fidelity == 1 and i % 3 == 0 else None)
    (first, second, last) = batches(history)[2::2]
    assert [len(first), len(second), len(last)] == [6, 6, 8]
    assert [t.proposal.analysis_only for t in last] == [False] * 6 + [True] * 2
    few = search(PAPER, lambda i, p: Status.DIVERGED if p.fidelity == 1 and i % 4 else None)
    assert [len(batch) for batch in batches(few)[2::2]] == [3, 3, 3]


def test_parents_are_the_survivors_of_plus_selection() -> None:
    """As pymoo's survival by rank and crowding has them."""
    history = search(PAPER)
    population = batches(history)[0]
    for children, resumed in zip(batches(history)[1::2], batches(history)[2::2], strict=True):
        assert {t.proposal.parent for t in children} <= {t.index for t in population}
        pool = [*population, *(t for t in resumed if t.ok)]
        values = np.array([list(t.evaluation.validation.values()) for t in pool])
        chosen = RankAndCrowding().do(
            Problem(n_var=1, n_obj=2), Population.new("F", values, "index", range(len(pool))), n_survive=8
        )
        population = survivors(pool, PAPER.population_size, PAPER.survival_crowding)
        assert {t.index for t in population} == {pool[i].index for i in chosen.get("index")}


def test_no_cut_diverged_or_analysis_only_network_is_ever_a_parent() -> None:
    def every_third(index: int, proposal: Proposal) -> Status | None:
        return Status.DIVERGED if index % 3 == 2 else None

    for seed in range(5):
        history = search(replace(PAPER, generations=5), every_third, seed=seed)
        for parents in parents_of(history).values():
            assert all(history[i].ok for i in parents)
        assert not any(
            history[t.proposal.resumes].evaluation.status is Status.DIVERGED for t in history if t.proposal.resumes
        )


def test_the_archives_hypervolume_never_falls() -> None:
    """The archive goes on from its own members alone, so one that it loses would be missed; measured by moocore."""
    history = search(replace(PAPER, generations=6))
    archive: list[Trial] = []
    values: list[float] = []
    for trial in history:
        archive = front([*archive, trial])
        points = np.array([list(t.evaluation.validation.values()) for t in archive])
        values.append(moocore.hypervolume(points, ref=[1.0, 4.0]))
    assert values == sorted(values)
    assert values[0] < values[-1]
    assert len(archive) < sum(trial.ok for trial in history)
    everything = np.array([list(t.evaluation.validation.values()) for t in history if t.ok])
    assert values[-1] == pytest.approx(moocore.hypervolume(everything, ref=[1.0, 4.0]))


def test_a_population_never_loses_its_best_of_either_objective() -> None:
    history = search(replace(PAPER, generations=6))
    best = []
    for batch in batches(history)[::2]:
        population = PAPER._replayed(history[: batch[-1].index + 1]).population
        assert len(population) == 8
        best.append(np.min([list(t.evaluation.validation.values()) for t in population], axis=0))
    assert (np.diff(best, axis=0) <= 0).all()


def test_a_tournament_is_won_by_rank_then_by_spread_in_size() -> None:
    """Three members, all in each tournament: the middle one of the front in size is never the parent."""
    history: list[Trial] = []
    for i, (error, size) in enumerate([(0.1, 300), (0.2, 200), (0.3, 100)]):
        evaluation = Evaluation(
            status=Status.OK, cost=1, sizes=Sizes(size, size, size), validation={"error": error, "size": size / 1000}
        )
        proposal = Proposal(SPACE.sample(rng.generator(i, "test")), fidelity=2)
        history.append(Trial(i, 0, proposal, evaluation, spent=i))
    method = replace(PAPER, population_size=3, batch_size=60)
    parents = Counter(p.parent for p in method.propose(SPACE, history, rng.generator(0, "search", 3)))
    assert set(parents) == {0, 2}
    dominated = replace(history[1].evaluation, validation={"error": 0.5, "size": 0.9}, sizes=Sizes(900, 900, 900))
    history[1] = replace(history[1], evaluation=dominated)
    assert {p.parent for p in method.propose(SPACE, history, rng.generator(0, "search", 3))} == {0, 2}


def test_survival_by_size_alone_keeps_the_ends_in_size() -> None:
    """By hand: ratios 1, 1/2, 1/3 and 1/10 are 0.74 and 0.44 apart in between; by both objectives 0.41 and 1.76."""

    def member(index: int, error: float, size: int) -> Trial:
        values = {"error": error, "size": float(size)}
        evaluation = Evaluation(status=Status.OK, cost=1, sizes=Sizes(size, size, size), validation=values)
        return Trial(index, 0, Proposal(SPACE.base()), evaluation, spent=index)

    members = [member(i, *point) for i, point in enumerate(((0.9, 1), (0.8, 2), (0.75, 3), (0.1, 10)))]

    def chosen(count: int, crowding: Crowding) -> list[int]:
        return [trial.index for trial in survivors(members, count, crowding)]

    assert chosen(2, Crowding.SIZE) == [0, 3]
    assert chosen(3, Crowding.SIZE) == [0, 1, 3]
    assert chosen(3, Crowding.ALL) == [0, 2, 3]


def all_of(status: Status, first: int) -> Outcome:
    return lambda index, proposal: status if index >= first else None


def test_when_nothing_survives_the_search_ends_with_a_word(caplog: pytest.LogCaptureFixture) -> None:
    history = search(replace(PAPER, population_size=2, batch_size=4), all_of(Status.DIVERGED, 0))
    assert 20 <= len(history) < 30
    assert all(t.proposal.parent is None for t in history)
    assert "only 0 were trained to the end" in caplog.text


def test_a_generation_of_which_all_diverge_is_told_and_bred_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    history = search(PAPER, all_of(Status.DIVERGED, 8))
    assert [len(list(b)) for b in batches(history)] == [8, 12, 12, 12]
    assert all(parents <= set(range(8)) for parents in parents_of(history).values())
    assert "generation 2: none of its 12 children came to the cut" in caplog.text


@dataclass(frozen=True)
class OneNetwork:
    """All architectures of a space are one network: they differ in what they inherit alone."""

    space: HierarchicalSpace

    def __getattr__(self, name: str) -> Any:
        return getattr(self.space, name)

    def network(self, architecture: Architecture) -> BlockList:
        return self.space.network(self.space.base())


@pytest.mark.parametrize("keep", [0.5, 1.0])
def test_generations_of_equal_networks_are_survived_and_told(
    keep: float, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import tests.search.test_nsga2_paraskeva as here

    caplog.set_level(logging.WARNING)
    search(replace(PAPER, keep=keep))
    assert not caplog.records
    monkeypatch.setattr(here, "quality", lambda architecture: 0.5)
    monkeypatch.setattr(here, "SPACE", OneNetwork(SPACE))
    history = search(replace(PAPER, keep=keep))
    assert len({t.proposal.architecture for t in history if t.proposal.resumes is None}) == 44
    assert [record.getMessage() for record in caplog.records] == [
        f"generation {number}: its 12 children are all the same network" for number in (1, 2, 3)
    ]


def test_without_a_cut_children_are_trained_to_the_end_at_once() -> None:
    history = search(replace(PAPER, keep=1.0))
    assert {t.proposal.fidelity for t in history} == {None}
    assert [len(list(b)) for b in batches(history)] == [8, 12, 12, 12]


def test_weights_are_kept_for_as_long_as_they_may_be_built_on() -> None:
    history = search(PAPER)
    for n in range(1, len(history) + 1):
        kept = {t.index for t in PAPER.breeding(history[:n])}
        later = history[n:]
        needed = {i for t in later[:12] for i in (t.proposal.resumes, t.proposal.parent) if i is not None and i < n}
        batch_begun = {i for i in needed if history[i].batch < history[n - 1].batch or history[n - 1].index == i}
        assert batch_begun <= kept or not later
    assert PAPER.breeding(history) == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"population_size": 0}, "search.population_size must be at least 1, not 0"),
        ({"batch_size": 0}, "search.batch_size must be at least 1, not 0"),
        ({"generations": 0}, "search.generations"),
        ({"keep": 0.0}, "search.keep"),
        ({"tournament": 0}, "search.tournament"),
    ],
)
def test_settings_out_of_range_are_told(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        Nsga2Paraskeva(**settings)
