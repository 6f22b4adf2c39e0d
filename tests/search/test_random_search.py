"""Random search: nothing twice, the space exhausted, and equal draws for equal streams."""

import pytest

from nasbench import rng
from nasbench.errors import InputError
from nasbench.records import Evaluation, Sizes, Status, Trial
from nasbench.search.random_search import RandomSearch
from nasbench.spaces.small import Small
from tests.spaces.test_small import SHAPE

SPACE = Small().bind(SHAPE)


def drive(search: RandomSearch, seed: int = 0) -> list[Trial]:
    history: list[Trial] = []
    while proposals := search.propose(SPACE, history, rng.generator(seed, "search", len(history))):
        batch = len(history)
        for proposal in proposals:
            evaluation = Evaluation(status=Status.FAILED, cost=1, sizes=Sizes(1, 1, 1))
            history.append(Trial(len(history), batch, proposal, evaluation, len(history)))
    return history


@pytest.mark.parametrize("batch_size", [1, 5])
def test_it_meets_every_architecture_once_and_ends(batch_size: int) -> None:
    history = drive(RandomSearch(batch_size=batch_size))
    assert len(history) == 3 * 3 * 4
    assert len({trial.proposal.architecture for trial in history}) == 3 * 3 * 4


def test_seeds_differ_and_repeat() -> None:
    first, again, other = drive(RandomSearch(), 0), drive(RandomSearch(), 0), drive(RandomSearch(), 1)
    assert first == again
    assert first != other


@pytest.mark.parametrize(("field", "value"), [("batch_size", 0), ("max_trials", 0), ("max_trials", -1)])
def test_ranges_are_checked(field: str, value: int) -> None:
    with pytest.raises(InputError, match=rf"search\.{field} must be at least 1.*{value}"):
        RandomSearch(**{field: value})
