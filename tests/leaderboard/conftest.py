"""Results of two methods, and the entry of the better one."""

from pathlib import Path

import pytest

from leaderboard.cli import main
from leaderboard.store import find
from tests.leaderboard.made_up import write_results


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_results(tmp_path / "results")


@pytest.fixture
def entry(results: Path) -> Path:
    assert main(["submit", "results", "--name", "Ours", "--method", "ws_nas"]) == 0
    (path,) = find(Path("entries"))
    return path
