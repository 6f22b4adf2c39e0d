"""A reader that goes away, as `head` does, ends no work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.analysis.runs import write_run

BEGIN = """
import sys
from nasbench.pipes import outlive_readers
outlive_readers()
"""


def unread(*arguments: str, stream: str) -> subprocess.CompletedProcess[str]:
    """Run Python with one of its streams a pipe that has no reader any more, the other read."""
    reading, writing = os.pipe()
    os.close(reading)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: writing}
    try:
        return subprocess.run([sys.executable, *arguments], text=True, check=False, timeout=120, **streams)  # type: ignore[call-overload]
    finally:
        os.close(writing)


@pytest.mark.parametrize(("stream", "other"), [("stdout", "stderr"), ("stderr", "stdout")])
def test_what_nobody_reads_is_taken(stream: str, other: str) -> None:
    lines = f"for number in range(50_000): print(number, file=sys.{stream})\nprint('done', file=sys.{other})"
    done = unread("-c", BEGIN + lines, stream=stream)
    assert (done.returncode, getattr(done, other)) == (0, "done\n")


def test_what_is_read_comes_whole_and_in_order() -> None:
    lines = "for number in range(50_000): print(number, 'é')"
    done = subprocess.run([sys.executable, "-c", BEGIN + lines], capture_output=True, check=True, encoding="utf-8")
    assert done.stdout == "".join(f"{number} é\n" for number in range(50_000))


@pytest.mark.parametrize("house", ["analysis", "leaderboard", "nasbench"])
def test_commands_go_on_without_a_reader(house: str, tmp_path: Path) -> None:
    results = tmp_path / "results"
    write_run(results / "made_up", "unpruned", [(0.4, 1.0)], {0: 0.42})
    arguments = {
        "analysis": [str(results), "--out", str(tmp_path / "out")],
        "leaderboard": ["submit", str(results), "--name", "mine", "--entries", str(tmp_path / "out")],
        "nasbench": ["status", str(results)],
    }[house]
    done = unread("-m", house, *arguments, stream="stdout")
    assert (done.returncode, done.stderr) == (0, "")
    assert house == "nasbench" or list((tmp_path / "out").iterdir())
