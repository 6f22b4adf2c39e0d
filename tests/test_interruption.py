"""A signal lets the row at hand be finished; what it interrupted is resumed to the same rows."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench import subcommands
from nasbench.cli import main
from nasbench.compose import experiment
from nasbench.errors import Interrupted
from nasbench.interruption import SIGNALS, listening
from nasbench.results import read_run
from nasbench.run import Run, assemble
from tests.conftest import REPOSITORY, TINY

Rows = Callable[[Path], list[dict[str, Any]]]


def test_the_first_signal_asks_and_the_second_ends() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with listening() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize("method", [pytest.param("s_nas", marks=pytest.mark.slow), "ws_nas"])
def test_a_stopped_run_is_whole_and_resumes_to_the_same_rows(tmp_path: Path, rows: Rows, method: str) -> None:
    def run(folder: str) -> Any:
        (spec,) = experiment([*TINY, f"method={method}", f"runtime.results={tmp_path / folder}"]).runs
        return assemble(spec)

    whole = run("whole")
    whole.execute(lambda progress: None)
    stopped, stops = run("stopped"), 0
    while True:
        answers = iter([False, False, False])  # as it begins and before two rows
        try:
            run("stopped").execute(lambda progress: None, lambda answers=answers: next(answers, True))
        except Interrupted:
            stops += 1
            assert not read_run(stopped.path).finished
        else:
            break
    assert stops > 2
    assert rows(stopped.path) == rows(whole.path)


def signalled_in_the_first(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have SIGTERM sent as the first run begins; returns the seeds of the runs that are begun, as they are."""
    execute, begun = Run.execute, list[int]()

    def execute_and_signal(run: Run, *arguments: Any, **settings: Any) -> None:
        begun.append(run.problem.seed)
        if len(begun) == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        execute(run, *arguments, **settings)

    monkeypatch.setattr(Run, "execute", execute_and_signal)
    return begun


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["nasbench"])
    return tmp_path


def test_a_signal_stops_a_whole_sweep_and_its_own_command_is_printed(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = signalled_in_the_first(monkeypatch)
    assert main(["-m", *TINY, "method=unpruned", "seed=1,2,3", "objective=[error,size]"]) == 1
    assert begun == [1]
    last = capsys.readouterr().err.splitlines()[-1]
    command = shlex.join(["-m", *TINY, "method=unpruned", "seed=1,2,3", "objective=[error,size]"])
    assert last == f"nasbench: interrupted; resume from the last whole row: nasbench {command}"
    assert "'objective=[error,size]'" in last  # a shell would take the brackets for a pattern


def test_a_repetition_is_stopped_after_a_whole_row_and_gone_on_with(
    here: Path, make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_run(here / "results", "unpruned")
    with monkeypatch.context() as patched:
        signalled_in_the_first(patched)
        assert main(["rerun", str(path)]) == 1
        assert "nasbench: stopped after a whole row; what was repeated is gone" in capsys.readouterr().err
    with monkeypatch.context() as patched:
        signalled_in_the_first(patched)
        assert main(["rerun", str(path), "--out", "again"]) == 1
        assert f"the same command goes on with again, to be compared with {path}" in capsys.readouterr().err
    assert not read_run(here / "again" / "smoke" / path.name).finished
    assert main(["rerun", str(path), "--out", "again"]) == 0
    assert "equal, row by row" in capsys.readouterr().out
    assert main(["rerun", str(path), "--out", "results"]) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_subcommand_that_is_terminated_says_so(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setitem(subcommands._COMMANDS, "diff", lambda options: os.kill(os.getpid(), signal.SIGTERM))
    assert main(["diff", "a.jsonl", "b.jsonl"]) == 1
    assert capsys.readouterr().err == "nasbench: interrupted\n"
    assert signal.getsignal(signal.SIGTERM) is before


METHODS = ("s_nas", "ws_nas")
OVERRIDES = ("budget=trials", "budget.amount=12")
COMMAND = (*TINY[:-1], f"methods=[{','.join(METHODS)}]", "runtime.workers=2", *OVERRIDES)


def start(where: Path) -> subprocess.Popen[str]:
    where.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "nasbench", *COMMAND],
        cwd=where,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def made(results: Path) -> list[Path]:
    return sorted((results / "smoke").glob("*.jsonl"))


def wait_for_a_trial(results: Path, command: subprocess.Popen[str]) -> None:
    while not any(read_run(path).trials for path in made(results)):
        assert command.poll() is None, command.communicate()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Path]) -> list[Path]:
    """The runs of the command, made without a stop."""
    results = tmp_path_factory.mktemp("whole")
    return sorted(make_run(results, method, *OVERRIDES) for method in METHODS)


@pytest.mark.slow
@pytest.mark.parametrize(("by", "send"), [(signal.SIGINT, os.killpg), (signal.SIGTERM, os.kill)])
def test_a_command_is_stopped_and_resumed(
    tmp_path: Path,
    rows: Rows,
    make_run: Callable[..., Path],
    whole: list[Path],
    by: signal.Signals,
    send: Callable[[int, int], None],
) -> None:
    """A terminal's Ctrl-C goes to all processes of the command, `kill` to the first of them alone."""
    results = tmp_path / "stopped" / "results"
    command = start(results.parent)
    wait_for_a_trial(results, command)
    send(command.pid, by)
    out, err = command.communicate(timeout=120)
    assert command.returncode == 1
    assert "stopping after the row at hand" in err
    assert "Traceback" not in out + err
    resume = next(line for line in out.splitlines() if line.startswith("resume: nasbench "))
    assert resume.endswith(shlex.join(COMMAND))
    assert "failed" not in out
    paths = made(results)
    assert paths
    assert not all(read_run(path).finished for path in paths)
    assert all(path.read_bytes().endswith(b"\n") for path in paths)
    for method in METHODS:
        make_run(results, method, *OVERRIDES)
    assert [rows(path) for path in made(results)] == [rows(path) for path in whole]
