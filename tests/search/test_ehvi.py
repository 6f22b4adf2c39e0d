"""EHVI: better than random search on toy problems, and sound where a model has little to go by."""

import importlib.util
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from nasbench import rng
from nasbench.errors import InputError
from nasbench.records import Architecture, Evaluation, Proposal, Sizes, Status, Trial
from nasbench.search import ehvi
from nasbench.search.random_search import RandomSearch
from nasbench.spaces.base import SearchSpace
from tests.search.toy import ZDT1_SPACE, drive, dtlz2, lattice, trial, volume, zdt1

HAS_BOTORCH = importlib.util.find_spec("botorch") is not None
needs_botorch = pytest.mark.skipif(not HAS_BOTORCH, reason='BoTorch is not installed: pip install "nasbench[bo]"')


@pytest.mark.slow
@needs_botorch
@pytest.mark.parametrize(("objectives", "reference"), [(zdt1, (1, 6)), (dtlz2, (2, 2))])
def test_it_beats_random_search(objectives: Callable, reference: tuple) -> None:
    """Hypervolume after 60 evaluations, ten seeds, paired (Wilcoxon); `pytest -rP` shows the figures.

    In batches of four: a model is fitted a quarter as often, and choosing blind among the batch only makes it harder.
    """
    methods = (ehvi.ExpectedHypervolumeImprovement(batch_size=4), RandomSearch())
    ours, random = (
        [volume(drive(method, ZDT1_SPACE, objectives, 60, seed), reference) for seed in range(10)] for method in methods
    )
    pvalue = stats.wilcoxon(ours, random, alternative="greater").pvalue
    print(f"mean hypervolume: EHVI {np.mean(ours):.3f}, random search {np.mean(random):.3f}, p = {pvalue:.2g}")
    assert pvalue < 0.01


@needs_botorch
def test_twenty_evaluations_of_zdt1_are_worth_more_than_sixty_random_ones() -> None:
    random = [volume(drive(RandomSearch(), ZDT1_SPACE, zdt1, 60, seed), (1, 6)) for seed in range(10)]
    search = ehvi.ExpectedHypervolumeImprovement(mc_samples=16, candidates=64, batch_size=4)
    assert volume(drive(search, ZDT1_SPACE, zdt1, 20), (1, 6)) > max(random)


@needs_botorch
def test_it_begins_with_three_random_architectures() -> None:
    search = ehvi.ExpectedHypervolumeImprovement(batch_size=2)
    history = drive(search, ZDT1_SPACE, lambda a: Status.FAILED, 4)
    assert len(history) == 4  # failures don't count among the three
    assert [item.batch for item in drive(search, ZDT1_SPACE, zdt1, 5)] == [0, 0, 2, 3, 3]


@needs_botorch
def test_a_warm_start_comes_before_the_model() -> None:
    search = ehvi.ExpectedHypervolumeImprovement(initial=2, warm_start=True)
    found = [item.proposal.architecture for item in drive(search, ZDT1_SPACE, zdt1, 3)]
    assert found == [ZDT1_SPACE.largest(), ZDT1_SPACE.smallest(), ZDT1_SPACE.middle()]


@needs_botorch
def test_it_minimises() -> None:
    """On two objectives with one common minimum at 0 it goes there: the sign is right."""
    space = lattice(30, 30)

    def bowl(architecture: Architecture) -> tuple[float, float]:
        x, y = space.encode(architecture)
        return float(x**2 + y**2), float(x + y)

    history = drive(ehvi.ExpectedHypervolumeImprovement(mc_samples=16), space, bowl, 14)
    assert Architecture((0, 0)) in [item.proposal.architecture for item in history]


@needs_botorch
def test_a_batch_has_no_architecture_twice_and_is_spread() -> None:
    search = ehvi.ExpectedHypervolumeImprovement(mc_samples=16, batch_size=4)
    history = drive(RandomSearch(), ZDT1_SPACE, zdt1, 8)
    proposals = search.propose(ZDT1_SPACE, history, rng.generator(0, "test"))
    assert len({proposal.architecture for proposal in proposals}) == 4


@needs_botorch
def test_objectives_that_are_not_numbers_are_left_out() -> None:
    history = drive(RandomSearch(), ZDT1_SPACE, zdt1, 6)
    nan = Evaluation(status=Status.OK, cost=1, sizes=Sizes(1, 1, 1), validation={"a": float("nan"), "b": 0.0})
    unlike = Proposal(ZDT1_SPACE.smallest())
    search = ehvi.ExpectedHypervolumeImprovement(mc_samples=16)
    with_nan = [*history, Trial(6, 6, unlike, nan, 7)]
    with_failure = [*history, trial(6, unlike, Status.FAILED)]
    (first,), (second,) = (search.propose(ZDT1_SPACE, h, rng.generator(0, "test")) for h in (with_nan, with_failure))
    assert first == second


@needs_botorch
def test_the_units_of_objectives_hardly_matter() -> None:
    """Objectives are standardised, so a change of units by a power of two changes no proposal."""
    history = drive(RandomSearch(), ZDT1_SPACE, zdt1, 8)
    scaled = [
        trial(item.index, item.proposal, [1024 * v for v in item.evaluation.validation.values()]) for item in history
    ]
    search = ehvi.ExpectedHypervolumeImprovement(mc_samples=16)
    plain, changed = (search.propose(ZDT1_SPACE, h, rng.generator(0, "test")) for h in (history, scaled))
    assert plain == changed


@needs_botorch
def test_nothing_is_compiled_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """BoTorch would, where there is a compiler, and round differently then."""
    from botorch.acquisition.multi_objective import logei

    compiled: list[str] = []
    monkeypatch.setattr("torch.utils.cpp_extension.load", lambda name, **settings: compiled.append(name))
    monkeypatch.setattr(logei, "_load_attempted", False, raising=False)
    history = drive(RandomSearch(), ZDT1_SPACE, zdt1, 6)
    search = ehvi.ExpectedHypervolumeImprovement(mc_samples=16)
    assert search.propose(ZDT1_SPACE, history, rng.generator(0, "test"))
    assert not compiled
    assert logei._load_attempted is False  # BoTorch's other users have what they had


@needs_botorch
def test_one_objective_is_refused() -> None:
    history = [trial(i, Proposal(Architecture((i, 0, 0, 0, 0, 0))), (float(i),)) for i in range(3)]
    with pytest.raises(InputError, match="needs two objectives or more, not 1"):
        ehvi.ExpectedHypervolumeImprovement().propose(ZDT1_SPACE, history, rng.generator(0, "test"))


@needs_botorch
def test_a_space_without_encoding_is_refused() -> None:
    class Bare:
        name = "bare"

    space: SearchSpace = Bare()  # type: ignore[assignment]
    with pytest.raises(InputError, match="space bare has no encoding for search=ehvi"):
        ehvi.ExpectedHypervolumeImprovement().check_problem(space, 2)


@needs_botorch
@pytest.mark.parametrize("constant", [0.0, 0.1, 1 / 3])
def test_a_constant_objective_is_constant_to_the_model(constant: float) -> None:
    """Also where its mean is rounded, so that no value equals it: 0.1 is one such."""
    values = np.array([[constant, 1.0], [constant, 2.0], [constant, 6.0]])
    first, second = ehvi._to_maximise(values).T
    assert np.ptp(first) == 0
    assert abs(first[0]) <= 1
    assert second == pytest.approx(np.array([2, 1, -3]) / np.sqrt(7))  # mean 3, variance (4 + 1 + 9) / 2


def test_where_botorch_is_missing_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ehvi, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'BoTorch, which is not installed: pip install "nasbench\[bo\]"$'):
        ehvi.ExpectedHypervolumeImprovement()


@pytest.mark.parametrize(("field", "least"), [("initial", 2), ("candidates", 1), ("mc_samples", 1), ("batch_size", 1)])
def test_ranges_are_checked(field: str, least: int) -> None:
    with pytest.raises(InputError, match=rf"search\.{field} must be at least {least}, not {least - 1}"):
        ehvi.ExpectedHypervolumeImprovement(**{field: least - 1})  # type: ignore[arg-type]
