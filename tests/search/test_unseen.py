"""Nothing is proposed twice, start points come first, and the last corner of a space is found before a search ends."""

import numpy as np
import pytest

from nasbench import rng
from nasbench.errors import InputError
from nasbench.records import Architecture, Proposal, Status, Trial
from nasbench.search.unseen import largest, unseen_proposals, warm_start
from nasbench.spaces.base import SearchSpace
from nasbench.spaces.layer import Layer
from nasbench.spaces.small import Small
from tests.search.contract import points_of
from tests.search.toy import lattice, trial
from tests.spaces.contract import BERT_BASE
from tests.spaces.test_small import SHAPE


def history_of(architectures: list[Architecture]) -> list[Trial]:
    return [trial(i, Proposal(architecture), Status.FAILED) for i, architecture in enumerate(architectures)]


def test_a_draw_that_was_tried_is_drawn_again() -> None:
    draws = iter([(0,), (1,), (1,), (0,), (3,), (2,)])
    proposals = unseen_proposals(
        lattice(5),
        history_of([Architecture((0,))]),
        rng.generator(0, "test"),
        size=2,
        draw=lambda: Proposal(Architecture(next(draws)), parent=7),
    )
    assert proposals == [Proposal(Architecture((1,)), parent=7), Proposal(Architecture((3,)), parent=7)]


def test_what_no_draw_reaches_is_still_found() -> None:
    """LAYER draws a given half of 12 layers once in 12,000 times."""
    space = Layer().bind(BERT_BASE)
    everything = sorted((tuple(map(int, f"{i:012b}")) for i in range(2**12)), key=sum)
    hidden = everything.pop(2**11)
    (found,) = unseen_proposals(
        space,
        history_of([Architecture(values) for values in everything]),
        rng.generator(0, "test"),
        size=3,
        draw=lambda: Proposal(space.smallest()),
    )
    assert found == Proposal(Architecture(hidden))


def test_an_exhausted_space_gives_nothing() -> None:
    space = lattice(3, 3)
    history = history_of(list(points_of(space)))
    draw = lambda: Proposal(space.smallest())  # noqa: E731
    assert unseen_proposals(space, history, rng.generator(0, "test"), size=3, draw=draw) == []


@pytest.mark.parametrize("size", [1, 2, 5])
def test_start_points_come_first_and_once(size: int) -> None:
    space = lattice(5, 5)
    start = warm_start(space)
    history: list[Trial] = []
    while len(history) < 8:
        proposals = unseen_proposals(
            space,
            history,
            rng.generator(0, "test", len(history)),
            size=size,
            draw=lambda: Proposal(space.sample(rng.generator(1, "test", len(history)))),  # noqa: B023
            start=[*start, start[0]],
        )
        history += [trial(len(history) + i, proposal, Status.FAILED) for i, proposal in enumerate(proposals)]
    architectures = [item.proposal.architecture.values for item in history]
    assert architectures[:3] == [(4, 4), (0, 0), (2, 2)]
    assert len(set(architectures)) == len(architectures)


class Endless:
    """A space without upper bound."""

    name = "endless"

    def sample(self, rng: np.random.Generator) -> Architecture:
        return Architecture((int(rng.integers(100)),))


def test_a_space_without_a_largest_network_is_told() -> None:
    space: SearchSpace = Endless()  # type: ignore[assignment]
    with pytest.raises(InputError, match="space endless has no largest architecture"):
        largest(space)
    with pytest.raises(InputError, match="space endless has no middle architecture"):
        warm_start(space)


def test_the_start_of_small() -> None:
    assert [a.values for a in warm_start(Small().bind(SHAPE))] == [(2, 3, 4), (0, 1, 1), (1, 2, 2)]
