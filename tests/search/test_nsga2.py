"""NSGA-II: survivors and parents against brute force, and the quality of its fronts against pymoo's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pymoo.algorithms.moo.nsga2 import NSGA2 as PymooNSGA2
from pymoo.algorithms.moo.nsga2 import RankAndCrowding
from pymoo.core.mutation import Mutation
from pymoo.core.population import Population
from pymoo.core.problem import ElementwiseProblem, Problem
from pymoo.operators.crossover.ux import UniformCrossover
from pymoo.operators.sampling.rnd import IntegerRandomSampling
from scipy import stats

from nasbench import rng
from nasbench.errors import InputError
from nasbench.pareto import hypervolume
from nasbench.records import Architecture, Proposal, Status, Trial
from nasbench.search.fronts import Fronts
from nasbench.search.nsga2 import NSGA2, _parents
from tests.search.test_mo_rea import rank_by_brute_force
from tests.search.toy import ZDT1_SPACE, drive, dtlz2, lattice, trial, values, volume, zdt1

SPACE = lattice(40, 40)


def trials(values: np.ndarray) -> list[Trial]:
    return [trial(i, Proposal(Architecture((i, 0))), value, batch=0) for i, value in enumerate(values.tolist())]


def everyone(values: np.ndarray) -> Fronts:
    population = Fronts.of(values)
    population.add(range(len(values)))
    return population


def survivors(values: np.ndarray, size: int) -> list[int]:
    population = everyone(values)
    population.truncate(size)
    return population.members


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("objectives", [2, 3])
def test_survivors_are_as_fit_as_those_of_pymoo(seed: int, objectives: int) -> None:
    """They are the same but where some are equally fit, of which pymoo draws."""
    values = np.random.default_rng(seed).random((25, objectives))
    population = Population.new(F=values, X=np.arange(25)[:, None])
    theirs = RankAndCrowding().do(Problem(n_var=1, n_obj=objectives), population, n_survive=10)
    ours = survivors(values, 10)
    fitness = everyone(values).fitness()
    assert sorted(fitness[i] for i in ours) == sorted(fitness[i] for i in theirs.get("X").ravel())


def test_survivors_by_hand() -> None:
    # The front is 0, 1, 2, 3. Of its inner members 1 is the more crowded: 5/10 + 6/10 against 7/10 + 6/10.
    values = np.array([[0.0, 10.0], [3.0, 6.0], [5.0, 4.0], [10.0, 0.0], [10.0, 10.0]])
    assert survivors(values, 3) == [0, 2, 3]
    assert survivors(values, 4) == [0, 1, 2, 3]
    assert survivors(values, 9) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("seed", range(10))
def test_no_survivor_is_of_a_worse_rank_than_one_that_went(seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 6, size=(20, 2)).astype(float)
    rank = rank_by_brute_force(values)
    kept = survivors(values, 8)
    gone = sorted(set(range(20)) - set(kept))
    assert len(kept) == 8
    assert rank[kept].max() <= rank[gone].min()


def test_parents_differ_and_win_their_tournaments() -> None:
    fitness = dict(enumerate([(0, 0.0), (1, -3.0), (1, -1.0), (2, 0.0)]))
    pairs = [_parents(fitness, rng.generator(0, "test", i)) for i in range(4000)]
    assert all(first != second for first, second in pairs)
    # Of six pairs of contestants the best is in three, the next in two, the third in one, the worst wins none.
    share = np.bincount([first for first, _ in pairs], minlength=4) / 4000
    assert share == pytest.approx([3 / 6, 2 / 6, 1 / 6, 0], abs=0.03)


def test_two_members_of_equal_fitness_are_equally_likely_parents() -> None:
    firsts = [_parents({3: (0, 0.0), 7: (0, 0.0)}, rng.generator(0, "test", i))[0] for i in range(1000)]
    assert np.mean(np.equal(firsts, 3)) == pytest.approx(0.5, abs=0.06)


def test_of_one_front_the_less_crowded_are_fitter() -> None:
    values = np.array([[0.0, 10.0], [3.0, 6.0], [5.0, 4.0], [10.0, 0.0], [11.0, 11.0]])
    fitness = everyone(values).fitness()
    assert fitness[0] == fitness[3] == (0, -np.inf)
    assert [fitness[i][0] for i in range(5)] == [0, 0, 0, 0, 1]
    assert [fitness[i][1] for i in (1, 2)] == pytest.approx([-(5 / 10 + 6 / 10) / 2, -(7 / 10 + 6 / 10) / 2])
    assert sorted(range(5), key=fitness.__getitem__) == [0, 3, 2, 1, 4]


def test_generations_are_replayed_from_the_history() -> None:
    """The population that the history gives is the one that was carried along."""
    history = drive(NSGA2(population_size=6, batch_size=5), ZDT1_SPACE, zdt1, 46)
    carried: list[Trial] = []
    for batch in sorted({item.batch for item in history}):
        joined = [*carried, *(item for item in history if item.batch == batch)]
        carried = [joined[i] for i in survivors(values(joined), 6)]
    population = NSGA2(population_size=6)._population(history)
    assert [history[i] for i in population.members] == carried
    assert [item.batch for item in history[:7]] == [0, 0, 0, 0, 0, 5, 6]  # the population is filled up first


def test_trials_without_objectives_never_have_children() -> None:
    history = drive(
        NSGA2(population_size=4, batch_size=4),
        SPACE,
        lambda a: Status.FAILED if a.values[0] % 2 else SPACE.encode(a).tolist(),  # type: ignore[operator]
        60,
    )
    assert any(item.proposal.parent is not None for item in history)
    assert all(history[item.proposal.parent].ok for item in history if item.proposal.parent is not None)


def test_children_of_two_parents_have_entries_of_both() -> None:
    history = trials(np.array([[0.0, 1.0], [1.0, 0.0]]))
    search = NSGA2(population_size=2, crossover=1.0, mutation=0.0, batch_size=1)
    history[0] = trial(0, Proposal(Architecture((3, 4))), (0.0, 1.0))
    history[1] = trial(1, Proposal(Architecture((30, 39))), (1.0, 0.0))
    children = {search.propose(SPACE, history, rng.generator(0, "test", i))[0].architecture.values for i in range(60)}
    assert children == {(3, 39), (30, 4)}


def test_without_crossover_children_are_mutations_of_one_parent() -> None:
    history = trials(np.array([[0.0, 1.0], [1.0, 0.0]]))
    search = NSGA2(population_size=2, crossover=0.0, batch_size=1)
    for i in range(60):
        (proposal,) = search.propose(SPACE, history, rng.generator(0, "test", i))
        assert proposal.parent is not None
        assert proposal.architecture in set(SPACE.neighbours(history[proposal.parent].proposal.architecture))


def test_linear_changes_of_objectives_change_no_proposal() -> None:
    def scaled(architecture: Architecture) -> tuple[float, float]:
        first, second = dtlz2(architecture)
        return 8 * first, second / 4  # exact in floating point

    plain, changed = (drive(NSGA2(), ZDT1_SPACE, f, 60) for f in (dtlz2, scaled))
    assert [item.proposal for item in plain] == [item.proposal for item in changed]


class OneEntry(Mutation):
    """Our spaces' mutation, for pymoo."""

    def _do(self, problem: Any, X: np.ndarray, *args: Any, random_state: Any, **kwargs: Any) -> np.ndarray:
        X = X.copy()
        for row in X:
            entry, value = random_state.integers(6), random_state.integers(20)
            row[entry] = value + (value >= row[entry])
        return X


def pymoo_volume(objectives: Callable, reference: tuple, evaluations: int, seed: int) -> float:
    class Toy(ElementwiseProblem):
        def __init__(self) -> None:
            super().__init__(n_var=6, n_obj=2, xl=0, xu=20, vtype=int)

        def _evaluate(self, x: np.ndarray, out: dict, *args: Any, **kwargs: Any) -> None:
            out["F"] = objectives(Architecture(tuple(x.tolist())))

    algorithm = PymooNSGA2(
        pop_size=10,
        sampling=IntegerRandomSampling(),
        crossover=UniformCrossover(prob=0.9),
        mutation=OneEntry(prob=0.7),
    )
    algorithm.setup(Toy(), termination=("n_eval", evaluations), seed=seed)
    seen = []
    while algorithm.has_next():
        asked = algorithm.ask()
        algorithm.evaluator.eval(algorithm.problem, asked)
        seen.append(asked.get("F"))
        algorithm.tell(infills=asked)
    return hypervolume(np.concatenate(seen)[:evaluations], reference)


@pytest.mark.parametrize(("objectives", "reference"), [(zdt1, (1, 6)), (dtlz2, (2, 2))])
def test_fronts_are_as_good_as_pymoos_at_equal_evaluations(objectives: Callable, reference: tuple) -> None:
    """Same operators, 200 evaluations, ten seeds: hypervolumes agree to 3%, and ours are not below theirs."""
    theirs = [pymoo_volume(objectives, reference, 200, seed) for seed in range(10)]
    ours = [volume(drive(NSGA2(), ZDT1_SPACE, objectives, 200, seed), reference) for seed in range(10)]
    assert np.mean(ours) == pytest.approx(np.mean(theirs), rel=0.03)
    assert stats.mannwhitneyu(ours, theirs, alternative="less").pvalue > 0.05


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"population_size": 1}, r"search\.population_size must be at least 2, not 1"),
        ({"crossover": 1.5}, r"search\.crossover must be a probability from 0 to 1, not 1\.5"),
        ({"mutation": -0.1}, r"search\.mutation must be a probability from 0 to 1, not -0\.1"),
        ({"batch_size": 0}, r"search\.batch_size must be at least 1, not 0"),
    ],
)
def test_ranges_are_checked(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        NSGA2(**settings)
