"""Worker processes: one that is killed takes down its own task alone, and they end with whom they work for."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nasbench.executors.choice import begin
from nasbench.executors.pool import Pool, Worker, WorkerDied
from nasbench.executors.processes import Line, Process
from tests.conftest import REPOSITORY
from tests.executors import deadly


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool([Process(begin), Process(begin)]) as pool:
        yield pool


def call(function: Callable[..., Any], *arguments: Any) -> Callable[[Worker], Any]:
    return lambda worker: worker.call(function, *arguments)


def test_tasks_are_done_in_other_processes(pool: Pool) -> None:
    pids = {pool.submit(call(os.getpid)).result() for _ in range(4)}
    assert os.getpid() not in pids
    assert 1 <= len(pids) <= 2


def test_what_a_task_raises_is_raised_where_its_result_is_asked_for(pool: Pool) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        pool.submit(call(int, "x")).result()


def test_a_killed_worker_takes_down_its_own_task_alone_and_is_replaced(pool: Pool) -> None:
    futures = [pool.submit(call(f, *a)) for f, a in ((deadly.die, ()), (abs, (-1,)), (abs, (-2,)), (abs, (-3,)))]
    with pytest.raises(WorkerDied):
        futures[0].result()
    assert [future.result() for future in futures[1:]] == [1, 2, 3]


def test_a_task_may_be_tried_again_by_the_replacement(pool: Pool, tmp_path: Path) -> None:
    def twice(worker: Worker) -> str:
        with pytest.raises(WorkerDied):
            worker.call(deadly.die_once, tmp_path / "marker")
        return worker.call(deadly.die_once, tmp_path / "marker")

    assert pool.submit(twice).result() == "alive"


def test_closing_ends_workers_whatever_they_do() -> None:
    closed = Pool([Process(begin)])
    pid = closed.submit(lambda worker: worker.call(os.getpid)).result()
    begun = threading.Event()

    def sleep(worker: Worker) -> None:
        begun.set()
        worker.call(time.sleep, 600)

    future = closed.submit(sleep)
    begun.wait()
    closed.close()
    with pytest.raises(WorkerDied):
        future.result()
    wait_until_gone(pid)


COMMAND = """
import os, signal
from nasbench.executors.choice import begin
from nasbench.executors.processes import Line, Process

if __name__ == "__main__":
    worker = Process(begin)
    print(worker.call(os.getpid), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_of_a_command_that_is_killed_end_too(tmp_path: Path) -> None:
    script = tmp_path / "command.py"
    script.write_text(COMMAND)
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    wait_until_gone(int(done.stdout))


def wait_until_gone(pid: int) -> None:
    for _ in range(600):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail(f"process {pid} is still there")


def test_a_worker_that_is_told_to_stop_can_ask() -> None:
    worker = Process(remember)
    try:
        assert worker.call(told) is False
        worker.tell_to_stop()
        for _ in range(100):
            if worker.call(told):
                break
            time.sleep(0.05)
        else:
            pytest.fail("it was never told")
        assert list(worker.events()) == ["begun"]
    finally:
        worker.close()


_line: Line


def remember(line: Line) -> None:
    global _line
    _line = line
    line.report("begun")


def told() -> bool:
    return _line.told()
