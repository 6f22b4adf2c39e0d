"""Random search: nothing twice, the space exhausted, and equal draws for equal streams."""

from typing import Any

import pytest

from nasbench import rng
from nasbench.errors import InputError
from nasbench.records import Proposal, Status, Trial
from nasbench.search.random_search import RandomSearch
from nasbench.spaces.large import Large
from nasbench.spaces.small import Small
from tests.search.toy import drive
from tests.spaces.contract import BERT_BASE
from tests.spaces.test_small import SHAPE

SPACE = Small().bind(SHAPE)


def failing(search: RandomSearch, seed: int = 0) -> list[Trial]:
    return drive(search, SPACE, lambda architecture: Status.FAILED, 100, seed)


@pytest.mark.parametrize("batch_size", [1, 5])
def test_it_meets_every_architecture_once_and_ends(batch_size: int) -> None:
    history = failing(RandomSearch(batch_size=batch_size))
    assert len(history) == 3 * 3 * 4
    assert len({trial.proposal.architecture for trial in history}) == 3 * 3 * 4


def test_seeds_differ_and_repeat() -> None:
    first, again, other = failing(RandomSearch(), 0), failing(RandomSearch(), 0), failing(RandomSearch(), 1)
    assert first == again
    assert first != other


def test_it_draws_by_the_spaces_own_distribution() -> None:
    space = Large().bind(BERT_BASE)
    proposals = RandomSearch(batch_size=3).propose(space, [], rng.generator(0, "search"))
    stream = rng.generator(0, "search")
    assert proposals == [Proposal(space.sample(stream)) for _ in range(3)]


@pytest.mark.parametrize(("field", "value"), [("batch_size", 0), ("max_trials", 0), ("max_trials", -1)])
def test_ranges_are_checked(field: str, value: Any) -> None:
    with pytest.raises(InputError, match=rf"search\.{field} must be at least 1.*{value}"):
        RandomSearch(**{field: value})
