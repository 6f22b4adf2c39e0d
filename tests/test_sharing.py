"""Which weights other runs need: those of their fronts and phases, and all of runs that are not finished."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nasbench.records import Phase
from nasbench.results import RunWriter
from nasbench.sharing import needed_elsewhere
from tests.run_file import HEADER, trial

FRONT, BEATEN, BASE, FOREIGN = (digit * 24 for digit in "abcd")
ASKED = {FRONT, BEATEN, BASE}


def write(path: Path, *, finished: bool) -> Path:
    """A run with a phase and two trials, the first of which is its front."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with RunWriter.open(path, HEADER) as writer:
        writer.append_phase(Phase(name="base", cost=5, weights=BASE, scores={}, seconds=1.0))
        writer.append_trial(trial(0, 0.1, weights=FRONT))
        writer.append_trial(trial(1, 0.2, weights=BEATEN))
        if finished:
            writer.finish({"front": [0]})
    return path


@pytest.mark.parametrize(("finished", "needed"), [(True, {FRONT, BASE}), (False, ASKED)])
def test_a_finished_run_needs_its_front_and_its_phases_and_another_all_that_it_names(
    tmp_path: Path, finished: bool, needed: set[str]
) -> None:
    other = write(tmp_path / "elsewhere" / "other.jsonl", finished=finished)
    own = tmp_path / "here" / "own.jsonl"
    assert needed_elsewhere({*ASKED, FOREIGN}, own) == needed
    assert needed_elsewhere({FOREIGN}, own) == set()
    assert needed_elsewhere(ASKED, other) == set()  # what is one's own is no one else's


def test_what_a_run_needs_changes_as_it_is_finished(tmp_path: Path) -> None:
    own, other = tmp_path / "here" / "own.jsonl", tmp_path / "here" / "other.jsonl"
    write(other, finished=False)
    assert needed_elsewhere({BEATEN}, own) == {BEATEN}
    with RunWriter.open(other, HEADER) as writer:
        writer.finish({"front": [0]})
    assert needed_elsewhere({BEATEN}, own) == set()


def test_a_file_that_cannot_be_read_as_a_run_may_need_all_that_it_names(tmp_path: Path) -> None:
    file = write(tmp_path / "here" / "other.jsonl", finished=True)
    file.write_bytes(b"damaged\n" + file.read_bytes())
    os.utime(file, ns=(1, 1))
    assert needed_elsewhere(ASKED, tmp_path / "here" / "own.jsonl") == ASKED
