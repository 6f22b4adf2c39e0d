import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analysis.load import load_runs
from leaderboard.cli import main
from leaderboard.entry import Entry, boards
from leaderboard.page import page
from leaderboard.rank import estimate, ranking
from tests.analysis.runs import Point, write_run

FRONT: list[Point | None] = [(0.5, 0.5), (0.4, 0.8), (0.6, 0.6), (0.7, 0.2)]
TESTS = {0: 0.6, 1: 0.45, 3: 0.65}
"""Hypervolume 0.35 * 0.3 + 0.4 * 0.3 + 0.55 * 0.2 = 0.335."""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """`ws_nas` is better than `s_nas` on test in both seeds, though equal on validation."""
    folder = tmp_path / "results"
    for seed, gain in ((0, 0.1), (1, 0.2)):
        write_run(folder / "one", "ws_nas", FRONT, {i: e - gain for i, e in TESTS.items()}, seed=seed)
        write_run(folder / "two", "s_nas", FRONT, TESTS, seed=seed)
    return folder


def entry(label: str, hypervolume: float, seed: int = 0, score: float | None = 0.5) -> Entry:
    return Entry(
        label=label,
        seed=seed,
        run_id=f"{label}{seed}",
        hypervolume=hypervolume,
        scores=(None, score, score),
        cost_epochs=1.0,
        commit=None,
        dirty=False,
    )


def test_methods_of_equal_settings_are_ranked_on_one_board(results: Path):
    (board,) = boards(load_runs(results))
    first, second = ranking(board.entries)
    assert (first.rank, first.label, second.rank, second.label) == (1, "ws_nas", 2, "s_nas")
    # 0.1 less error everywhere adds 0.1 * 0.8
    assert first.hypervolume.mean == pytest.approx(0.335 + 0.15 * 0.8)
    assert second.hypervolume.mean == pytest.approx(0.335)
    assert [score.mean for score in second.scores if score] == pytest.approx([0.35, 0.4, 0.4])
    assert first.seeds == (0, 1)


def test_a_board_is_one_task_model_source_content_scale_and_budget(results: Path):
    write_run(results / "one", "ws_nas", FRONT, TESTS, source="hub")
    write_run(results / "one", "ws_nas", FRONT, TESTS, fingerprints={"data": "e" * 64, "checkpoint": "c" * 64})
    assert sorted(len(board.entries) for board in boards(load_runs(results))) == [1, 1, 4]


def test_the_interval_is_students(results: Path):
    values = [0.31, 0.35, 0.30, 0.37]
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert estimate(values).interval == pytest.approx((expected.low, expected.high))
    assert estimate([0.4]).interval is None


def test_the_interval_covers_at_its_nominal_rate():
    samples = np.random.default_rng(1).normal(0.4, 0.05, size=(1000, 3))
    intervals = [estimate(sample.tolist()).interval or (1.0, 0.0) for sample in samples]
    assert np.mean([low <= 0.4 <= high for low, high in intervals]) == pytest.approx(0.95, abs=0.02)


def test_ties_share_a_rank_and_the_next_one_is_skipped():
    rows = ranking([entry("b", 0.4), entry("c", 0.3), entry("a", 0.4)])
    assert [(row.rank, row.label) for row in rows] == [(1, "a"), (1, "b"), (3, "c")]


def test_a_score_that_some_seed_lacks_is_not_averaged():
    (row,) = ranking([entry("a", 0.4, seed=0, score=0.6), entry("a", 0.4, seed=1, score=None)])
    assert row.scores == (None, None, None)


def test_an_entry_moves_no_other(results: Path):
    before = {e.run_id: e for board in boards(load_runs(results)) for e in board.entries}
    write_run(results / "one", "stranger", [(0.1, 0.1)], {0: 0.0})
    after = {e.run_id: e for board in boards(load_runs(results)) for e in board.entries}
    assert len(after) == len(before) + 1
    assert before.items() <= after.items()


def test_a_method_with_an_unfinished_run_is_named_and_not_ranked(results: Path):
    write_run(results / "one", "ws_nas", FRONT[:1], {}, seed=2, finished=False)
    (board,) = boards(load_runs(results))
    assert {e.label for e in board.entries} == {"s_nas"}
    assert "ws_nas is not ranked: 1 of its 3 runs are unfinished" in board.notes
    assert "ws\\_nas is not ranked" in page([board])


def test_a_page_of_unfinished_runs_ranks_nobody(tmp_path: Path):
    write_run(tmp_path, "ws_nas", FRONT, {}, finished=False)
    assert "No method has finished all its runs." in page(boards(load_runs(tmp_path)))


def test_the_same_runs_give_the_same_bytes_wherever_they_lie(results: Path, tmp_path: Path):
    write_run(results / "one", "ws_nas", FRONT, TESTS, source="hub")
    shutil.copytree(results / "one", results / "three")  # every run of it a duplicate
    runs = load_runs(results)
    expected = page(boards(runs))
    for seed in range(5):
        random.Random(seed).shuffle(runs)
        assert page(boards(runs)) == expected
    moved = tmp_path / "elsewhere"
    shutil.copytree(results, moved)
    assert page(boards(load_runs(moved))) == expected


def test_runs_of_a_dirty_tree_or_an_unknown_commit_are_told(tmp_path: Path):
    write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=0, provenance={"commit": "abcdef" * 6, "dirty": True})
    write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=1, provenance={"commit": None, "dirty": None})
    text = page(boards(load_runs(tmp_path)))
    assert "- 1 of 2 runs made by commit abcdefabcdef with uncommitted changes" in text
    assert "- 1 of 2 runs made by code of no known commit" in text


def test_a_methods_name_is_shown_as_it_stands(tmp_path: Path):
    write_run(tmp_path, "<img src=x>|[y](z)", FRONT, TESTS)
    text = page(boards(load_runs(tmp_path)))
    assert "| &lt;img src=x&gt;\\|\\[y\\](z) | 1 |" in text
    assert "<img" not in text


def test_build_writes_the_page_and_leaves_nothing_else(results: Path, tmp_path: Path):
    out = tmp_path / "site" / "LEADERBOARD.md"
    assert main(["build", "--results", str(results), "--out", str(out)]) == 0
    first = out.read_bytes()
    assert main(["build", "--results", str(results), "--out", str(out)]) == 0
    assert out.read_bytes() == first
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--results", "{tmp}/absent", "--out", "{tmp}/new"], "there is no results folder"),
        (["--results", "{tmp}/empty", "--out", "{tmp}/new"], "there are no runs in"),
        (["--results", "{results}", "--out", "{tmp}/empty"], "cannot write"),
        (["--results", "{results}", "--out", "{tmp}/file/page.md"], "cannot write to"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    arguments: list[str], sentence: str, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("in the way")
    before = sorted(tmp_path.rglob("*"))
    assert main(["build", *(a.format(tmp=tmp_path, results=results) for a in arguments)]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before
