"""The leaderboard of this repository: the suite's own methods on its embedded tasks, each number from its run file."""

from __future__ import annotations

from pathlib import Path

import pytest

from leaderboard.cli import main
from leaderboard.entry import Entry
from leaderboard.store import find, read
from tests.conftest import REPOSITORY

HOME = REPOSITORY / "leaderboard"
METHODS = {"unpruned", "s_nas", "ws_nas", "head_pruning", "layer_dropping", "retraining_free_pruning"}
FOLDERS = ("--results", str(HOME / "results"), "--entries", str(HOME / "entries"))
TASKS = {"bbc_cloze", "bbc_topics"}


@pytest.fixture(scope="module")
def own() -> list[Entry]:
    return [read(path) for path in find(HOME / "entries")]


def test_all_methods_are_there_on_both_tasks_over_three_seeds(own: list[Entry]) -> None:
    assert sorted((entry.board.task, entry.method) for entry in own) == sorted((t, m) for t in TASKS for m in METHODS)
    assert all([seed.seed for seed in entry.seeds] == [0, 1, 2] for entry in own)
    assert {(entry.board.source, entry.board.scale, entry.board.budget) for entry in own} == {
        ("embedded", "laptop", "2 epochs")
    }


def test_every_number_is_that_of_the_run_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", *FOLDERS]) == 0
    assert capsys.readouterr().out.count("all is as its points and run files say") == len(TASKS) * len(METHODS)


def test_the_page_is_what_build_makes_of_them(tmp_path: Path) -> None:
    assert main(["build", *FOLDERS, "--out", str(tmp_path / "LEADERBOARD.md")]) == 0
    assert (tmp_path / "LEADERBOARD.md").read_bytes() == (HOME / "LEADERBOARD.md").read_bytes()
