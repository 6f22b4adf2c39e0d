import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.entry import Board, Entry
from leaderboard.page import page
from leaderboard.rank import by_board, overall, ranking
from leaderboard.site import site
from leaderboard.view import view
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


def test_a_name_that_two_entries_of_a_board_have_has_no_rank_over_tasks() -> None:
    entries = [made_up(name, square(0.5), board=board) for board in (BOARD, OTHER) for name in ("a", "b", "c")]
    (found,) = overall(by_board([*entries, made_up("c", square(0.9))]))
    assert [(name, rank.value) for name, rank in found.ranks] == [("a", 1.5), ("b", 1.5)]


@pytest.mark.parametrize(
    "change", [{"model": "bert"}, {"source": "local"}, {"budget": "3 epochs"}, {"task": BOARD.task}]
)
def test_ranks_of_other_models_sources_or_budgets_are_not_averaged(change: dict[str, str]) -> None:
    other = OTHER._replace(**change)
    entries = [made_up(name, square(0.5), board=board) for board in (BOARD, other) for name in ("a", "b")]
    assert overall(by_board(entries)) == []


ERRORS = st.floats(0, 1.2)
FRONTS = st.lists(st.lists(st.tuples(ERRORS, ERRORS), max_size=4), min_size=1, max_size=3)
BOARDS = st.builds(
    Board,
    *(st.sampled_from(texts) for texts in (["rte", "mrpc"], ["bert", "minilm"], ["hub", "local"], ["f1"])),
    *(st.sampled_from([letter * 64 for letter in letters]) for letters in ("de", "c")),
    st.sampled_from(["1 epochs", "2 epochs"]),
)
ENTRIES = st.builds(lambda name, fronts, board: made_up(name, *fronts, board=board), st.text("abc"), FRONTS, BOARDS)


@settings(max_examples=40)
@given(st.lists(ENTRIES, max_size=5), ENTRIES)
def test_another_entry_method_or_task_moves_nobodys_score(entries: list[Entry], new: Entry) -> None:
    def shown(entries: list[Entry]) -> list[tuple[object, ...]]:
        """Name, hypervolume, scores, COST and seeds of every line, with its board: all but its rank."""
        sections = view(entries, {}).sections
        return sorted((section.board, line.cells[0], line.values[2:]) for section in sections for line in section.lines)

    after = shown([*entries, new])
    after.remove(shown([new])[0])
    assert after == shown(entries)
