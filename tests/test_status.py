"""What a results folder is said to hold: done, running, failed, interrupted, missing and damaged runs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from nasbench import compose, experiment
from nasbench.cli import main
from nasbench.errors import InputError, RunError
from nasbench.gather import gather
from nasbench.results import RunWriter, find_runs
from nasbench.run import Run, assemble
from nasbench.states import State, failure_of, forget_failure, note_failure, state_of
from nasbench.status import status
from tests.conftest import TINY
from tests.run_file import END, HEADER

Make = Callable[..., Path]


def begun(results: Path, seed: int = 0, *, finished: bool = False) -> Path:
    """The file of a run that has a header alone, or the end too."""
    path = results / HEADER.experiment / f"{seed:016x}.jsonl"
    with RunWriter.open(path, dataclasses.replace(HEADER, run_id=path.stem, seed=seed)) as writer:
        if finished:
            writer.finish(END)
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: object, **settings: bool) -> list[str]:
    assert status(*arguments, **settings) == 0  # type: ignore[arg-type]
    return [line.strip() for line in capsys.readouterr().out.splitlines()]


def test_each_state_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun(tmp_path, 0, finished=True)
    begun(tmp_path, 1)
    note_failure(begun(tmp_path, 2), RunError("the disk is full"))
    running = dataclasses.replace(HEADER, run_id="f" * 16, seed=3)
    damaged = begun(tmp_path, 4)
    damaged.write_bytes(damaged.read_bytes() + b"no row\n" * 2)
    with RunWriter.open(tmp_path / "e" / f"{'f' * 16}.jsonl", running):
        lines = said(capsys, tmp_path)
    assert lines[-1] == "1 done, 1 running, 1 failed, 1 interrupted, 1 damaged"
    of_state = {line.split()[0]: line for line in lines[:-1]}
    assert of_state["running"].split()[1:5] == ["e", "s_nas", "seed", "3"]
    assert of_state["failed"].endswith("RunError: the disk is full")
    assert "seed 1" in of_state["interrupted"]
    assert str(damaged) in of_state["damaged"]
    assert not any("seed 0" in line for line in lines)
    assert any("seed 0" in line for line in said(capsys, tmp_path, every_run=True))


def test_the_summary_counts_by_experiment_and_method(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in range(3):
        begun(tmp_path, seed, finished=seed < 2)
    lines = [line.split() for line in said(capsys, tmp_path)]
    assert lines[:2] == [["experiment", "method", "done", "interrupted"], ["e", "s_nas", "2", "1"]]


def test_a_failure_is_told_until_the_run_is_begun_again(tmp_path: Path) -> None:
    path = begun(tmp_path)
    note_failure(path, ValueError("not\nnow"))
    assert failure_of(path) == "ValueError: not now"
    forget_failure(path)
    assert failure_of(path) is None
    forget_failure(path)


def test_looking_leaves_nothing_behind_and_keeps_nobody_out(tmp_path: Path) -> None:
    from nasbench.results import read_run

    path = begun(tmp_path)
    before = sorted(p.name for p in path.parent.iterdir())
    assert state_of(read_run(path)) is State.INTERRUPTED
    assert sorted(p.name for p in path.parent.iterdir()) == before
    gather([tmp_path], tmp_path / "all")
    assert [p.name for p in (tmp_path / "all" / "e").iterdir() if not p.name.startswith(".")] == [path.name]
    begun(tmp_path)  # can be opened again


def test_what_was_asked_for_and_is_not_there_is_missing(
    tmp_path: Path, make_run: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path, "unpruned", "seed=1")
    make_run(tmp_path, "unpruned", "seed=7")
    lines = said(capsys, tmp_path, [*TINY, "method=unpruned", "seed=range(0,2)"], every_run=True)
    assert lines[-1] == "1 done, 1 missing"
    assert [line.split()[:5] for line in lines if line.startswith(("done", "missing"))] == [
        ["done", "smoke", "unpruned", "seed", "1"],
        ["missing", "smoke", "unpruned", "seed", "0"],
    ]
    assert "seed=0" in lines[-2]
    assert main(["status", str(tmp_path), "-m", *TINY, "method=unpruned", "seed=1,7"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 done"


def local_data(folder: Path, other: str = "wet") -> Path:
    """Data in RTE's columns."""
    folder.mkdir()
    row = {"sentence1": "It rained.", "sentence2": f"It was {other}."}
    for split in ("train", "validation"):
        rows = [json.dumps({**row, "label": i % 2}) for i in range(20)]
        (folder / f"{split}.jsonl").write_text("\n".join(rows) + "\n")
    return folder


def test_a_run_over_data_in_another_folder_is_known_by_its_content(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["+experiment=rte_bert", "source=local", "model=tiny", "scale=smoke", "method=unpruned", "seed=0"]
    folders = {
        name: local_data(tmp_path / name, other) for name, other in (("a", "wet"), ("copy", "wet"), ("b", "dry"))
    }
    results = tmp_path / "results"
    (spec,) = compose.experiment([*asked, f"task.folder={folders['a']}", f"runtime.results={results}"]).runs
    run = assemble(spec)
    RunWriter.open(run.path, run.header()).close()
    for folder, state in (*zip(folders.values(), ("interrupted", "interrupted", "missing"), strict=True),):
        assert said(capsys, results, [*asked, f"task.folder={folder}"])[-1] == f"1 {state}"
    lines = said(capsys, results, [*asked, "task.folder=nowhere"])
    assert lines[-1] == "1 unknown"
    assert "nowhere is not a folder" in lines[-2]


def test_a_run_of_another_experiment_is_another_one(
    tmp_path: Path, make_run: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_run(tmp_path, "unpruned")
    header, rest = path.read_text().split("\n", 1)
    path.write_text(header.replace('"experiment": "smoke"', '"experiment": "other"') + "\n" + rest)
    assert said(capsys, tmp_path, [*TINY, "method=unpruned", "seed=0"])[-1] == "1 missing"


def test_a_header_without_a_budget_and_one_of_unknown_parts_do_not_end_it(
    tmp_path: Path, make_run: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path, "unpruned")
    path = tmp_path / "e" / f"{'0' * 16}.jsonl"
    config = {"method": {"_target_": "their_code.Part"}}
    RunWriter.open(path, dataclasses.replace(HEADER, run_id=path.stem, budget={}, config=config)).close()
    lines = said(capsys, tmp_path)
    assert lines[-1] == "1 done, 1 interrupted"
    assert lines[-2].endswith("epochs without a budget")
    lines = said(capsys, tmp_path, [*TINY, "method=unpruned", "seed=0"])
    assert lines[-1] == "1 done, 1 damaged"
    assert f"{path} makes no run: config.method._target_ names their_code.Part" in lines[-2]


def test_the_jobs_of_a_sweep_are_those_that_hydra_makes() -> None:
    jobs = compose.jobs(["+experiment=smoke", "method=ws_nas,s_nas", "seed=range(0,2)"])
    assert [[text for text in job if text.startswith(("method", "seed"))] for job in jobs] == [
        [f"method={method}", f"seed={seed}"] for method in ("ws_nas", "s_nas") for seed in (0, 1)
    ]
    of_sweep = compose.jobs(["+sweep=klein_fig7", "+experiment=rte_bert", "seed=3"])
    assert len(of_sweep) == 6  # strategies
    assert all("+sweep=klein_fig7" in job and "+experiment=rte_bert" in job for job in of_sweep)


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run files"):
        status(tmp_path)


def test_a_run_that_fails_is_kept_as_failed_and_begun_anew_by_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = compose.experiment([*TINY, "method=unpruned", f"runtime.results={tmp_path}"])
    execute = Run.execute

    def failing(run: Run, *arguments: object, **settings: object) -> None:
        RunWriter.open(run.path, run.header()).close()
        raise RunError("the super-network's training diverged")

    monkeypatch.setattr(Run, "execute", failing)
    assert experiment.run_experiment(spec, Console(soft_wrap=True), draw=False) == 1
    assert said(capsys, tmp_path)[-1] == "1 failed"
    monkeypatch.setattr(Run, "execute", execute)
    assert experiment.run_experiment(spec, Console(soft_wrap=True), draw=False) == 0
    assert said(capsys, tmp_path)[-1] == "1 done"
    (path,) = find_runs(tmp_path)
    assert failure_of(path) is None


def test_whatever_a_run_ends_with_is_told_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a library raises errors of its own, which a worker process would bring here as they are."""
    spec = compose.experiment([*TINY, "methods=[unpruned,s_nas]", f"runtime.results={tmp_path}"])
    tried = []

    def failing(run: Run, *arguments: object, **settings: object) -> None:
        tried.append(run.method.name)
        raise ZeroDivisionError("of\na library")

    monkeypatch.setattr(Run, "execute", failing)
    assert experiment.run_experiment(spec, Console(soft_wrap=True), draw=False) == 1
    assert tried == ["unpruned", "s_nas"]
    assert capsys.readouterr().out.count("failed: ZeroDivisionError: of a library") >= 2
