"""An experiment: many runs, spread over processes, then drawn and tabulated."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial

import torch
from rich.console import Console

from nasbench.compose import ExperimentSpec
from nasbench.drive import Report
from nasbench.errors import Interrupted, RunError
from nasbench.estimate import Planned
from nasbench.executors.choice import executor_of
from nasbench.executors.pool import Pool, Worker, WorkerDied
from nasbench.executors.processes import Line, Process
from nasbench.interruption import Stop, listen_in_worker, listening
from nasbench.plan import plan, print_plan
from nasbench.progress import Display
from nasbench.results import RunBusy
from nasbench.run import Run
from nasbench.states import forget_failure, in_words, note_failure


def run_experiment(spec: ExperimentSpec, console: Console, *, draw: bool) -> int:
    """Make an experiment's runs, those that are missing or unfinished.

    Args:
        draw: end with the analysis of all the experiment's runs.

    Returns:
        The exit code: 0 done, 1 some run failed, or something could not be drawn.

    Raises:
        InputError: something is wrong with the input; nothing has been written.
        Interrupted: it was told to stop, and has said what resumes it.
    """
    torch.set_num_threads(spec.runtime.threads)
    planned = plan(spec)
    print_plan(planned, spec, console)
    if spec.dry_run:
        return 0
    with listening() as stop:
        failures = _execute([p for p in planned if not p.finished], spec, console, stop)
    interrupted = any(isinstance(error, Interrupted) for error in failures.values())
    for name, error in failures.items():
        if not isinstance(error, Interrupted):
            console.print(f"{name} failed: {in_words(error)}")
    folder, drawn = planned[0].run.path.parent, True
    if draw and not interrupted and any(p.run.path.exists() for p in planned):
        drawn = subprocess.run([sys.executable, "-m", "analysis", str(folder)], check=False).returncode == 0
    console.print(f"redraw: python -m analysis {folder}")
    if failures:
        console.print(f"resume: nasbench {shlex.join(spec.runs[0].overrides)}")
    if interrupted:
        raise Interrupted("stopped after a whole row")
    return 1 if failures or not drawn else 0


def _execute(
    planned: Sequence[Planned], spec: ExperimentSpec, console: Console, stop: Stop
) -> Mapping[str, BaseException]:
    """Make runs; returns what stopped those that failed, by name."""
    if not planned:
        return {}
    names = {p.run.run_id: p.name for p in planned}
    with Display(names, console) as display:
        if min(spec.runtime.processes, len(planned)) == 1:
            return _execute_here(planned, display, stop)
        return _execute_in_processes(planned, spec, display, stop)


def _execute_here(planned: Sequence[Planned], display: Display, stop: Stop) -> Mapping[str, BaseException]:
    failures: dict[str, BaseException] = {}
    for p in planned:
        try:
            _execute_run(p.run, lambda event: display.show([event]), stop)
        except Exception as error:  # noqa: BLE001 - as of a worker process: the other runs go on
            failures[p.name] = error
        _finish(p, failures.get(p.name), display)
    return failures


def _execute_in_processes(
    planned: Sequence[Planned], spec: ExperimentSpec, display: Display, stop: Stop
) -> Mapping[str, BaseException]:
    begin = partial(_begin_worker, threads=spec.runtime.threads)
    workers = [Process(begin) for _ in range(min(spec.runtime.processes, len(planned)))]
    failures: dict[str, BaseException] = {}
    with Pool(workers) as pool:
        pending = {pool.submit(partial(_execute_twice, p.run)): p for p in planned}
        while pending:
            done, _ = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            display.show(event for worker in workers for event in worker.events())
            if stop():
                _stop(pending, workers)
            for future in done:
                p = pending.pop(future)
                error = _INTERRUPTED if future.cancelled() else future.exception()
                _finish(p, error, display)
                if error is not None:
                    failures[p.name] = error
    return failures


def _finish(planned: Planned, error: BaseException | None, display: Display) -> None:
    """Say how a run ended, and keep why where it failed."""
    if error is not None and not isinstance(error, Interrupted | RunBusy):
        note_failure(planned.run.path, error)
    display.finish(planned.run.run_id, error)


_INTERRUPTED = Interrupted("stopped before it had begun")


def _stop(pending: Iterable[Future[None]], workers: Sequence[Process]) -> None:
    """Let the rows at hand be finished, and nothing be begun."""
    for future in pending:
        future.cancel()
    for worker in workers:
        worker.tell_to_stop()


def _execute_twice(run: Run, worker: Worker) -> None:
    """Make a run; where its process is killed, go on in another, once."""
    try:
        worker.call(_execute_in_worker, run)
    except WorkerDied:
        try:
            worker.call(_execute_in_worker, run)
        except WorkerDied as error:
            raise RunError("two processes that made it were killed; the system may have run out of memory") from error


_line: Line
_stop_here: Stop
"""Of this worker process, from its beginning."""


def _begin_worker(line: Line, threads: int) -> None:
    global _line, _stop_here
    torch.set_num_threads(threads)
    _line, _stop_here = line, listen_in_worker(line.told)


def _execute_in_worker(run: Run) -> None:
    _execute_run(run, _line.report, _stop_here)


def _execute_run(run: Run, report: Report, stop: Stop) -> None:
    forget_failure(run.path)
    with executor_of(run) as executor:
        run.execute(report, stop, executor)
