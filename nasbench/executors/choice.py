"""Which executor a run's runtime asks for."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from nasbench.executors.base import Executor, InTurn
from nasbench.executors.batches import Parallel
from nasbench.executors.jobs import Job, check_settings
from nasbench.executors.pool import Pool, Worker
from nasbench.executors.processes import Line, Process
from nasbench.run import Run
from nasbench.runtime import Engine, Runtime


def check(runtime: Runtime) -> None:
    """Raises InputError where the executor is not installed, or does not take its settings."""
    if runtime.executor is Engine.SUBMITIT:
        check_settings(runtime.submitit)


@contextmanager
def executor_of(run: Run) -> Iterator[Executor]:
    """The executor of a run's batches; its workers end with the context.

    Raises:
        InputError: as `check`.
    """
    runtime = run.spec.runtime
    if run.recalled or runtime.executor is Engine.SERIAL:
        yield InTurn()
        return
    with Pool(_workers(run)) as pool:
        yield parallel(run, pool)


def parallel(run: Run, pool: Pool) -> Parallel:
    """A run's batches by the workers of a pool."""
    runtime = run.spec.runtime
    runtime = replace(runtime, results=str(Path(runtime.results).absolute()))
    return Parallel(
        path=run.path,
        spec=replace(run.spec, runtime=runtime),
        problem=run.problem,
        pool=pool,
        few_tasks=runtime.executor is Engine.SUBMITIT,
    )


def _workers(run: Run) -> list[Worker]:
    runtime = run.spec.runtime
    if runtime.executor is Engine.PROCESSES:
        return [Process(begin) for _ in range(runtime.workers_of_a_run)]
    folder = Path(runtime.results).absolute() / ".jobs" / run.run_id
    return [Job(folder, runtime.submitit) for _ in range(runtime.workers_of_a_run)]


def begin(line: Line) -> None:
    """Signals are for whoever drives the run; a worker ends with its line."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
