"""Local search: from the largest, to neighbours of members of the front, of all of them and of no others."""

import pytest

from nasbench import rng
from nasbench.records import Architecture, Proposal, Status
from nasbench.search.local_search import LocalSearch
from tests.search.toy import drive, lattice, trial

SPACE = lattice(9, 9)


def proposals(history: list, n: int = 200) -> list[Proposal]:
    streams = (rng.generator(0, "test", i) for i in range(n))
    return [proposal for stream in streams for proposal in LocalSearch().propose(SPACE, history, stream)]


def history_of(*outcomes: tuple[tuple[int, int], object]) -> list:
    return [trial(i, Proposal(Architecture(values)), outcome) for i, (values, outcome) in enumerate(outcomes)]  # type: ignore[arg-type]


@pytest.mark.parametrize("batch_size", [1, 4])
def test_it_starts_from_the_largest_alone(batch_size: int) -> None:
    assert LocalSearch(batch_size=batch_size).propose(SPACE, [], rng.generator(0, "test")) == [
        Proposal(SPACE.largest())
    ]


def test_a_warm_start_is_largest_smallest_and_middle() -> None:
    history = drive(LocalSearch(warm_start=True), SPACE, lambda a: (1.0, 2.0), 4)
    assert [item.proposal.architecture.values for item in history[:3]] == [(8, 8), (0, 0), (4, 4)]


def test_parents_are_the_members_of_the_front_equal_ones_too() -> None:
    history = history_of(
        ((8, 8), (3.0, 3.0)), ((1, 1), (1.0, 2.0)), ((2, 6), (2.0, 1.0)), ((5, 5), (1.0, 2.0)), ((6, 6), (1.5, 2.0))
    )
    found = proposals(history)
    assert {proposal.parent for proposal in found} == {1, 2, 3}
    for proposal in found:
        assert proposal.parent is not None
        parent = history[proposal.parent].proposal.architecture
        assert proposal.architecture in set(SPACE.neighbours(parent))


def test_each_member_is_equally_likely() -> None:
    history = history_of(((8, 8), (3.0, 3.0)), ((1, 1), (1.0, 2.0)), ((2, 6), (2.0, 1.0)))
    parents = [proposal.parent for proposal in proposals(history, 400)]
    assert parents.count(1) / 400 == pytest.approx(0.5, abs=0.08)


def test_a_failed_start_is_left_for_random_architectures() -> None:
    found = proposals(history_of(((8, 8), Status.FAILED)))
    assert {proposal.parent for proposal in found} == {None}
    assert len({proposal.architecture for proposal in found}) > 50


def test_only_the_order_of_each_objective_counts() -> None:
    def plain(a: Architecture) -> tuple[float, float]:
        x, y = SPACE.encode(a)
        return x + (y - 0.5) ** 2, 1 - x * y

    def rescaled(a: Architecture) -> tuple[float, float]:
        first, second = plain(a)
        return first**3, 100 * second - 7

    walks = [[t.proposal for t in drive(LocalSearch(), SPACE, f, 50)] for f in (plain, rescaled)]
    assert walks[0] == walks[1]
