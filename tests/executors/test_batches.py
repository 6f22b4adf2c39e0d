"""Batches evaluated by workers: the rows are those of a run that evaluates one proposal after the other."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nasbench import experiment as experiments
from nasbench.compose import experiment
from nasbench.errors import InputError, Interrupted
from nasbench.executors.base import Executor
from nasbench.executors.choice import begin, executor_of, parallel
from nasbench.executors.pool import Pool
from nasbench.executors.processes import Process
from nasbench.executors.worker import Task
from nasbench.records import Evaluation
from nasbench.results import RunWriter, read_run
from nasbench.run import Run, assemble
from tests.conftest import TINY
from tests.executors import deadly
from tests.run_file import HEADER, trial

Rows = Callable[[Path], list[dict[str, Any]]]
Make = Callable[..., Path]

BATCHES = ("task=bbc_topics", "search.batch_size=4", "budget.amount=6")
METHODS: Mapping[str, Sequence[str]] = {
    "ws_nas": ("method=ws_nas", "search.max_trials=10", *BATCHES),
    "s_nas": ("method=s_nas", "search.max_trials=6", *BATCHES),
    "mo_asha": ("method=s_nas", "search=mo_asha", "training.epochs=3", "search.max_trials=9", *BATCHES),
}
"""The last batch of each is a part of one; that of mo_asha resumes trials of the first."""


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    results = tmp_path_factory.mktemp("serial")
    return {name: execute(results / name, name, lambda run: nullcontext()) for name in METHODS}


@pytest.fixture(scope="module")
def workers() -> Iterator[list[Process]]:
    processes = [Process(begin) for _ in range(4)]
    yield processes
    for process in processes:
        process.close()


def assembled(results: Path, name: str, *overrides: str) -> Run:
    (spec,) = experiment([*TINY, *METHODS[name], f"runtime.results={results}", *overrides]).runs
    return assemble(spec)


def execute(
    results: Path, name: str, executor_for: Callable[[Run], AbstractContextManager[Executor | None]], *overrides: str
) -> Path:
    run = assembled(results, name, *overrides)
    with executor_for(run) as executor:
        run.execute(lambda progress: None, executor=executor)
    return run.path


def stored_weights(path: Path) -> list[str]:
    return sorted(p.name for p in (path.parents[1] / ".weights").iterdir() if not p.name.startswith("."))


@pytest.mark.parametrize("count", [pytest.param(1, marks=pytest.mark.slow), 2, pytest.param(4, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", METHODS)
def test_processes_make_the_rows_and_leave_the_weights_of_a_serial_run(
    tmp_path: Path, serial: dict[str, Path], workers: list[Process], rows: Rows, name: str, count: int
) -> None:
    pool = Pool(workers[:count])
    path = execute(tmp_path, name, lambda run: nullcontext(parallel(run, pool)))
    assert path.name == serial[name].name
    assert rows(path) == rows(serial[name])
    assert stored_weights(path) == stored_weights(serial[name])


def test_batches_are_really_evaluated_elsewhere(serial: dict[str, Path]) -> None:
    batches = [trial.batch for trial in read_run(serial["mo_asha"]).trials]
    assert [batches.count(batch) for batch in sorted(set(batches))] == [4, 4, 1]
    assert any(trial.proposal.resumes is not None for trial in read_run(serial["mo_asha"]).trials)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # submitit's
@pytest.mark.parametrize(
    ("name", "cluster"),
    [(name, "debug") for name in METHODS] + [pytest.param(name, "local", marks=pytest.mark.slow) for name in METHODS],
)
def test_jobs_make_the_rows_of_a_serial_run(
    tmp_path: Path, serial: dict[str, Path], rows: Rows, name: str, cluster: str
) -> None:
    path = execute(tmp_path, name, executor_of, *jobs(cluster, 2 if cluster == "local" else 1))
    assert rows(path) == rows(serial[name])


@pytest.mark.slow
def test_jobs_on_this_machine_make_the_first_rows_of_a_serial_run(
    tmp_path: Path, serial: dict[str, Path], rows: Rows
) -> None:
    """A job for each of two trials, whatever is done afterwards."""
    path = execute(tmp_path, "s_nas", executor_of, *jobs("local", 2), "search.batch_size=2", "search.max_trials=2")
    found, expected = ([row for row in rows(file) if row["kind"] == "trial"] for file in (path, serial["s_nas"]))
    assert len(found) == 2
    assert [row["architecture"] for row in found] == [row["architecture"] for row in expected[:2]]
    assert [row["scores"] for row in found] == [row["scores"] for row in expected[:2]]


def jobs(cluster: str, count: int) -> list[str]:
    """Overrides; debug runs all jobs in this process."""
    pytest.importorskip("submitit", reason='submitit is not installed: pip install "nasbench[slurm]"')
    return ["runtime.executor=submitit", f"runtime.workers_per_run={count}", f"runtime.submitit.cluster={cluster}"]


def test_a_budget_that_ends_within_a_batch_ends_at_the_same_row(
    tmp_path: Path, workers: list[Process], rows: Rows
) -> None:
    """Four proposals of which the third or fourth does not fit; nothing is kept of what was done beyond."""
    whole = read_run(execute(tmp_path / "whole", "s_nas", lambda run: nullcontext()))
    enough = (whole.trials[2].spent - 1) / whole.header.epoch_macs
    pool = Pool(workers[:2])
    cut = [f"budget.amount={enough}"]
    here = execute(tmp_path / "here", "s_nas", lambda run: nullcontext(), *cut)
    there = execute(tmp_path / "there", "s_nas", lambda run: nullcontext(parallel(run, pool)), *cut)
    assert len(read_run(there).trials) == 2
    assert rows(there) == rows(here)
    assert stored_weights(there) == stored_weights(here)


def test_weights_that_were_stored_beyond_the_end_go_unless_another_run_needs_them(
    tmp_path: Path, workers: list[Process]
) -> None:
    theirs, ours = "a" * 24, "b" * 24
    other = tmp_path / "elsewhere" / "other.jsonl"
    other.parent.mkdir()
    with RunWriter.open(other, HEADER) as writer:
        writer.append_trial(trial(0, weights=theirs))
    given_up: list[list[str | None]] = []
    session: Any = SimpleNamespace(
        evaluator=SimpleNamespace(keep=lambda needed, history: given_up.append([t.evaluation.weights for t in history]))
    )
    beyond = []
    for key in (theirs, ours):
        future: Future[list[Evaluation]] = Future()
        future.set_result([trial(0, weights=key).evaluation])
        beyond.append((trial(0).proposal, (future, 0)))
    parallel(assembled(tmp_path, "s_nas"), Pool(workers[:1]))._discard(session, [], beyond)
    assert given_up == [[ours]]


def test_a_run_that_is_stopped_in_a_batch_and_resumed_has_the_same_rows(
    tmp_path: Path, serial: dict[str, Path], workers: list[Process], rows: Rows
) -> None:
    run = assembled(tmp_path, "s_nas")
    answers = iter([False, False, False])
    with pytest.raises(Interrupted):
        run.execute(lambda progress: None, lambda: next(answers, True), parallel(run, Pool(workers[:2])))
    assert len(read_run(run.path).trials) == 2
    run.execute(lambda progress: None, executor=parallel(run, Pool(workers[:2])))
    assert rows(run.path) == rows(serial["s_nas"])


def test_a_worker_killed_in_a_trial_is_replaced_and_the_trial_tried_again(
    tmp_path: Path, serial: dict[str, Path], rows: Rows
) -> None:
    path, marker = with_deadly_workers(tmp_path, times=1)
    assert marker.read_bytes() == b"."
    assert rows(path) == rows(serial["s_nas"])


@pytest.mark.slow
def test_a_trial_that_kills_two_workers_has_failed_and_the_others_go_on(
    tmp_path: Path, serial: dict[str, Path]
) -> None:
    path, _ = with_deadly_workers(tmp_path, times=2)
    made, expected = read_run(path), read_run(serial["s_nas"])
    failed = [trial for trial in made.trials if trial.evaluation.status == "failed"]
    (trial,) = failed
    assert "two workers ended while they evaluated it" in str(trial.evaluation.note)
    assert made.finished
    assert [t.evaluation.cost for t in made.trials[:4]] == [t.evaluation.cost for t in expected.trials[:4]]
    assert [t.evaluation for t in made.trials[:4] if t is not trial] == [
        replace(t.evaluation, seconds=s.evaluation.seconds)
        for s, t in zip(made.trials[:4], expected.trials[:4], strict=True)
        if s is not trial
    ]


def with_deadly_workers(folder: Path, times: int) -> tuple[Path, Path]:
    """A run of one worker whose first proposals kill it."""
    (folder / "markers").mkdir()
    with Pool([Process(partial(deadly.begin_deadly, folder=folder / "markers", times=times))]) as pool:
        path = execute(folder / "results", "s_nas", lambda run: nullcontext(parallel(run, pool)))
    return path, folder / "markers" / "killed"


def test_what_goes_to_a_worker_is_small_and_holds_no_network(serial: dict[str, Path]) -> None:
    stored = read_run(serial["ws_nas"])
    run = assembled(serial["ws_nas"].parents[1], "ws_nas")
    task = Task(spec=run.spec, history=stored.trials, proposals=tuple(t.proposal for t in stored.trials))
    sent = pickle.dumps(task)
    assert b"torch" not in sent
    assert len(sent) < 10_000 + 1_000 * len(stored.trials)


@pytest.mark.parametrize("times", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_of_an_experiments_runs_only_the_one_whose_process_is_killed_is_concerned(
    tmp_path: Path,
    make_run: Make,
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    times: int,
) -> None:
    from rich.console import Console

    monkeypatch.setattr(experiments, "_begin_worker", partial(deadly.begin_deadly_runs, folder=tmp_path, times=times))
    names = ("s_nas", "ws_nas")
    overrides = (*TINY[:-1], "search.max_trials=2", "runtime.workers=2")
    spec = experiment([*overrides, f"methods=[{','.join(names)}]", f"runtime.results={tmp_path / 'made'}"])
    code = experiments.run_experiment(spec, Console(soft_wrap=True), draw=False)
    made = {
        name: tmp_path / "made" / "smoke" / make_run(tmp_path / "alone", name, *overrides[5:6]).name for name in names
    }
    alone = {name: tmp_path / "alone" / "smoke" / path.name for name, path in made.items()}
    assert rows(made["ws_nas"]) == rows(alone["ws_nas"])
    said = capsys.readouterr().out
    if times == 1:
        assert code == 0
        assert rows(made["s_nas"]) == rows(alone["s_nas"])
    else:
        assert code == 1
        assert "s_nas seed 0 failed: RunError: two processes that made it were killed" in said
        assert not read_run(made["s_nas"]).finished


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["runtime.executor=threads"], ["runtime.executor", "serial, processes, submitit", "'threads'"]),
        (["runtime.workers_per_run=0"], ["runtime.workers_per_run", "at least 1", "0"]),
        (["runtime.executor=submitit"], ["runtime.executor=submitit", "runtime.workers_per_run"]),
    ],
)
def test_settings_out_of_range_are_refused(overrides: list[str], words: list[str]) -> None:
    with pytest.raises(InputError) as error:
        experiment([*TINY, *overrides])
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize(
    ("settings", "word"), [("runtime.submitit.cluster=moon", "moon"), ("+runtime.submitit.moons=2", "moons")]
)
def test_settings_that_submitit_does_not_take_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, word: str
) -> None:
    pytest.importorskip("submitit", reason='submitit is not installed: pip install "nasbench[slurm]"')
    monkeypatch.chdir(tmp_path)
    spec = experiment([*TINY, "runtime.executor=submitit", "runtime.workers_per_run=2", settings])
    with pytest.raises(InputError, match=word):
        experiments.plan(spec)
    assert os.listdir(tmp_path) == []
