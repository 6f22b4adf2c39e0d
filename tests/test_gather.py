"""Runs of several machines in one folder: the longest file of each run, and a conflict is an error."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from nasbench.errors import InputError
from nasbench.gather import gather
from nasbench.records import Trial
from nasbench.results import RunBusy, RunWriter, read_run
from tests.run_file import HEADER, trial


def machine(folder: Path, *trials: Trial, run_id: str = HEADER.run_id) -> Path:
    """A results folder with one run of some trials; returns its file."""
    path = folder / HEADER.experiment / f"{run_id}.jsonl"
    with RunWriter.open(path, dataclasses.replace(HEADER, run_id=run_id)) as writer:
        for row in trials:
            writer.append_trial(row)
    return path


def first(index: int, error: float = 0.1) -> Trial:
    return dataclasses.replace(trial(index, error), spent=3 * (index + 1))


def test_runs_of_all_folders_come_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine(tmp_path / "a", first(0))
    machine(tmp_path / "b", first(0), run_id="f" * 16)
    into = tmp_path / "all"
    assert gather([tmp_path / "a", tmp_path / "b"], into) == 0
    assert sorted(p.stem for p in into.glob("e/*.jsonl")) == [HEADER.run_id, "f" * 16]
    assert "2 runs copied" in capsys.readouterr().out
    assert gather([tmp_path / "a"], into) == 0  # again: nothing to do
    assert "0 runs copied" in capsys.readouterr().out


@pytest.mark.parametrize("order", [("short", "long"), ("long", "short")])
def test_of_one_run_the_longest_file_is_kept(tmp_path: Path, order: tuple[str, str]) -> None:
    machine(tmp_path / "short", first(0))
    machine(tmp_path / "long", first(0), first(1))
    gather([tmp_path / name for name in order], tmp_path / "all")
    assert len(read_run(tmp_path / "all" / "e" / f"{HEADER.run_id}.jsonl").trials) == 2


def test_a_shorter_file_there_is_replaced_and_a_longer_one_stays(tmp_path: Path) -> None:
    target = machine(tmp_path / "all", first(0))
    machine(tmp_path / "long", first(0), first(1))
    gather([tmp_path / "long"], tmp_path / "all")
    longer = target.read_bytes()
    assert len(read_run(target).trials) == 2
    machine(tmp_path / "short", first(0))
    gather([tmp_path / "short"], tmp_path / "all")
    assert target.read_bytes() == longer


def test_a_torn_row_is_no_conflict(tmp_path: Path) -> None:
    machine(tmp_path / "whole", first(0), first(1))
    torn = machine(tmp_path / "torn", first(0), first(1))
    torn.write_bytes(torn.read_bytes()[:-9])
    gather([tmp_path / "torn", tmp_path / "whole"], tmp_path / "all")
    assert len(read_run(tmp_path / "all" / "e" / torn.name).trials) == 2


def test_a_conflict_is_told_and_nothing_is_copied(tmp_path: Path) -> None:
    machine(tmp_path / "a", first(0, 0.1))
    machine(tmp_path / "b", first(0, 0.2), first(1))
    machine(tmp_path / "c", first(0), run_id="0" * 16)
    with pytest.raises(InputError, match=r"the same run but differ in trial 0, validation\.error: 0\.1 against 0\.2"):
        gather([tmp_path / "c", tmp_path / "a", tmp_path / "b"], tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_equal_runs_over_data_in_different_folders_are_no_conflict(tmp_path: Path) -> None:
    here, there = (dataclasses.replace(HEADER, config={"task": {"folder": name}}) for name in ("here", "there"))
    for name, header in (("a", here), ("b", there)):
        RunWriter.open(tmp_path / name / "e" / f"{HEADER.run_id}.jsonl", header).close()
    assert gather([tmp_path / "a", tmp_path / "b"], tmp_path / "all") == 0
    assert read_run(tmp_path / "all" / "e" / f"{HEADER.run_id}.jsonl").header == here


def test_a_folder_without_runs_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty holds no run files"):
        gather([tmp_path / "empty"], tmp_path / "all")


def test_a_run_that_is_being_written_there_is_left_alone(tmp_path: Path) -> None:
    target = machine(tmp_path / "all", first(0))
    machine(tmp_path / "long", first(0), first(1))
    with RunWriter.open(target, HEADER), pytest.raises(RunBusy):
        gather([tmp_path / "long"], tmp_path / "all")
    assert len(read_run(target).trials) == 1


def test_what_was_copied_before_a_target_that_is_being_written_stays(tmp_path: Path) -> None:
    held = machine(tmp_path / "all", first(0), run_id="f" * 16)
    machine(tmp_path / "some", first(0))
    machine(tmp_path / "some", first(0), first(1), run_id="f" * 16)
    with RunWriter.open(held, dataclasses.replace(HEADER, run_id="f" * 16)), pytest.raises(RunBusy):
        gather([tmp_path / "some"], tmp_path / "all")
    assert len(read_run(tmp_path / "all" / "e" / f"{HEADER.run_id}.jsonl").trials) == 1
    assert gather([tmp_path / "some"], tmp_path / "all") == 0
    assert len(read_run(held).trials) == 2
