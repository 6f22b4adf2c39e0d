import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leaderboard.cli import main
from leaderboard.store import read
from leaderboard.verification import TOLERANCE, Rerun, badge, verify
from nasbench.errors import InputError

Change = Callable[[str], str]


def repeated(code: int, change: Change = lambda text: text) -> Callable[[Path, Path], int]:
    """Stands for `nasbench rerun`: leaves a changed copy of the run, and returns a code."""

    def again(run_file: Path, out: Path) -> int:
        (out / "one").mkdir()
        copy = Path(shutil.copy(run_file, out / "one"))
        copy.write_text(change(copy.read_text()))
        return code

    return again


def other_numerics(test_score: float) -> Change:
    """A repetition on two threads, in which the largest member has another test score than 0.65."""

    def change(text: str) -> str:
        text = text.replace('"numerics": {"threads": 1}', '"numerics": {"threads": 2}')
        return text.replace('"scores": {"f1": 0.65}', f'"scores": {{"f1": {test_score}}}')

    return change


def test_equal_bytes_give_the_badge_and_the_page_shows_it(entry: Path) -> None:
    found = verify(entry, Path("results"), again=repeated(0))
    assert (found.seed, found.agreement, found.tolerance) == (0, "bytes", 0.0)
    assert badge(entry) == found
    assert main(["validate"]) == 0  # a badge is no entry
    assert main(["build"]) == 0
    (line,) = [line for line in Path("LEADERBOARD.md").read_text().splitlines() if "| Ours" in line]
    assert line.endswith("| 2 | bytes |")


def test_a_badge_is_of_what_the_entry_said_then(entry: Path) -> None:
    verify(entry, Path("results"), again=repeated(0))
    data = json.loads(entry.read_text())
    entry.write_text(json.dumps(data | {"name": "Others"}))
    assert main(["build"]) == 0
    assert "| Others | 1 |" in Path("LEADERBOARD.md").read_text()
    assert "bytes |" not in Path("LEADERBOARD.md").read_text()


def test_under_other_numerics_metrics_must_be_within_the_tolerance(entry: Path) -> None:
    # the largest member has size 0.8, so a score 0.05 worse takes 0.05 * 0.2 from the hypervolume
    assert '"f1": 0.65' in Path("results", json.loads(entry.read_text())["seeds"][0]["run"]).read_text()
    found = verify(entry, Path("results"), again=repeated(1, other_numerics(0.6)))
    assert (found.agreement, found.tolerance) == ("metrics", TOLERANCE)
    with pytest.raises(InputError, match=r"seed 0: hypervolume is 0\.41.*, when run again 0\.40.*: over 0\.005 apart"):
        verify(entry, Path("results"), tolerance=0.005, again=repeated(1, other_numerics(0.6)))


def test_under_equal_numerics_nothing_but_equal_bytes_will_do(entry: Path) -> None:
    with pytest.raises(InputError, match="differs, though its numerics are the same"):
        verify(entry, Path("results"), tolerance=1.0, again=repeated(1))
    assert badge(entry) is None


def test_a_run_that_cannot_be_repeated_has_no_badge(entry: Path) -> None:
    with pytest.raises(InputError, match="seed 1 could not be run again"):
        verify(entry, Path("results"), seed=1, again=lambda run_file, out: 2)
    with pytest.raises(InputError, match="no seed 7: it has 0, 1"):
        verify(entry, Path("results"), seed=7, again=repeated(0))
    assert badge(entry) is None


def unfinished(text: str) -> str:
    """Without the end."""
    return text[: text.rstrip().rindex("\n") + 1]


@pytest.mark.parametrize(
    "again",
    [
        lambda run_file, out: 0,
        lambda run_file, out: 1,
        lambda run_file, out: -2,
        repeated(1, unfinished),
        repeated(1, lambda text: "cut off"),
        repeated(1, lambda text: ""),
    ],
)
def test_a_repetition_that_failed_is_not_taken_for_one_that_differs(again: Rerun, entry: Path) -> None:
    with pytest.raises(InputError, match="seed 0 could not be run again"):
        verify(entry, Path("results"), again=again)
    assert badge(entry) is None


@pytest.mark.parametrize("tolerance", ["nan", "inf", "-0.1", "1.5"])
def test_a_tolerance_that_everything_or_nothing_is_within_is_refused(
    tolerance: str, entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(entry), f"--tolerance={tolerance}"]) == 2
    assert f"must be one itself, not {tolerance}" in capsys.readouterr().err
    with pytest.raises(InputError, match="--tolerance"):
        verify(entry, Path("results"), tolerance=float(tolerance), again=repeated(1, other_numerics(0.0)))
    assert badge(entry) is None


def test_an_entry_that_is_not_true_is_not_run(entry: Path) -> None:
    entry.write_text(entry.read_text().replace('"hypervolume": 0.4', '"hypervolume": 0.5', 1))

    def never(run_file: Path, out: Path) -> int:
        raise AssertionError

    with pytest.raises(InputError, match=r"hypervolume is 0\.5"):
        verify(entry, Path("results"), again=never)


@pytest.mark.parametrize(
    "change", [{"tolerance": "x"}, {"tolerance": 10**400}, {"agreement": 3}, {"seed": "\ud800"}, {"verified": True}]
)
def test_a_made_up_badge_is_told(change: dict[str, Any], entry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = {"entry": read(entry).digest, "seed": 0, "agreement": "metrics", "tolerance": 0.02}
    path = entry.with_name(entry.stem + ".verified.json")
    path.write_text(json.dumps(made))
    assert main(["build"]) == 0
    assert "| within 0.02 |" in Path("LEADERBOARD.md").read_text()
    path.write_text(json.dumps(made | change))
    assert main(["build"]) == 2
    assert "is no badge" in capsys.readouterr().err
