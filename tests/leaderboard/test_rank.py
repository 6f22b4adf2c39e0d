from typing import Any

import pytest

from leaderboard.entry import Entry
from leaderboard.page import page
from leaderboard.rank import by_board, overall, ranking
from leaderboard.site import site
from leaderboard.view import view
from nasbench.errors import InputError
from tests.leaderboard.made_up import BOARD, made_up

OTHER = BOARD._replace(task="bbc_topics", metric="accuracy", data="e" * 64)


def square(side: float) -> list[tuple[float, float]]:
    """A front of hypervolume side ** 2."""
    return [(1 - side, 1 - side)]


def test_entries_that_tie_share_a_rank_and_the_next_one_is_skipped() -> None:
    rows = ranking([made_up("b", square(0.5)), made_up("c", square(0.4)), made_up("a", square(0.5))])
    assert [(row.rank, row.entry.name) for row in rows] == [(1, "a"), (1, "b"), (3, "c")]


def test_a_score_that_some_seed_lacks_is_not_averaged() -> None:
    entry = made_up("a", [(0.3, 0.2)], [(0.2, 0.6)])
    assert [score and score.value for score in entry.summary.scores] == [None, None, pytest.approx(0.75)]


def test_ranks_are_averaged_over_tasks_that_methods_share() -> None:
    entries = [
        *(made_up(name, square(side)) for name, side in (("a", 0.5), ("b", 0.4), ("here alone", 0.6))),
        *(made_up(name, square(side), board=OTHER) for name, side in (("a", 0.5), ("b", 0.5))),
    ]
    (found,) = overall(by_board(entries))
    assert found.tasks == ("bbc_cloze", "bbc_topics")
    assert [(name, rank.value, rank.n) for name, rank in found.ranks] == [("a", 1.25, 2), ("b", 1.75, 2)]
    # of two tasks the first is drawn twice, once or never: ranks of 1 and 2, 1.25 and 1.75, or 1.5 and 1.5
    assert [rank.interval for _, rank in found.ranks] == [(1.0, 1.5), (1.5, 2.0)]
    shown = view(entries, {})
    for text in (page(shown), site(shown)):
        assert "1.25 [1.00, 1.50]" in text.replace("\\", "")


THIRD = BOARD._replace(task="rte", data="f" * 64)


def three_on_two_tasks() -> list[Entry]:
    sides = (("a", 0.5), ("b", 0.4), ("c", 0.3))
    return [made_up(name, square(side), board=board) for board in (BOARD, OTHER) for name, side in sides]


@pytest.mark.parametrize(
    "more",
    [
        [made_up("new", square(0.2), board=THIRD)],
        [made_up("a", square(0.2), board=THIRD)],
        [made_up("new", square(0.9)), made_up("new", square(0.9), board=THIRD)],
    ],
)
def test_what_is_added_elsewhere_takes_nobodys_ranks_away(more: list[Entry]) -> None:
    (before,) = overall(by_board(three_on_two_tasks()))
    assert [(name, rank.value) for name, rank in before.ranks] == [("a", 1.0), ("b", 2.0), ("c", 3.0)]
    assert overall(by_board([*three_on_two_tasks(), *more])) == [before]


def test_methods_on_more_tasks_are_ranked_over_these_too() -> None:
    more = [made_up("a", square(0.1), board=THIRD), made_up("b", square(0.2), board=THIRD)]
    found = overall(by_board([*three_on_two_tasks(), *more]))
    assert [(ranks.tasks, [(name, rank.value) for name, rank in ranks.ranks]) for ranks in found] == [
        (("bbc_cloze", "bbc_topics", "rte"), [("a", pytest.approx(4 / 3)), ("b", pytest.approx(5 / 3))]),
        (("bbc_cloze", "bbc_topics"), [("a", 1.0), ("b", 2.0), ("c", 3.0)]),
    ]


def test_two_boards_of_a_task_are_told_apart_where_ranks_are_averaged_over_both() -> None:
    longer = BOARD._replace(setting="6" * 8)
    entries = [made_up(name, square(0.5), board=board) for board in (BOARD, longer, OTHER) for name in ("a", "b")]
    (found,) = overall(by_board(entries))
    assert found.tasks == ("bbc_cloze (setting 55555555)", "bbc_cloze (setting 66666666)", "bbc_topics")


def test_two_entries_of_a_board_may_not_have_one_name() -> None:
    with pytest.raises(InputError, match=r"2 entries of bbc_cloze · minilm .* are called 'a'"):
        by_board([*three_on_two_tasks(), made_up("a", square(0.9))])


@pytest.mark.parametrize(
    "change",
    [
        {"model": "bert"},
        {"source": "local"},
        {"scale": "gpu"},
        {"budget": "3 epochs"},
        {"science_version": 2},
        {"task": BOARD.task},
    ],
)
def test_ranks_of_other_settings_are_not_averaged(change: dict[str, Any]) -> None:
    other = OTHER._replace(**change)
    entries = [made_up(name, square(0.5), board=board) for board in (BOARD, other) for name in ("a", "b")]
    assert overall(by_board(entries)) == []
