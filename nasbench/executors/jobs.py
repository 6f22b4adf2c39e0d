"""Workers that are jobs: of SLURM where there is one, else processes of this machine, by submitit."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from nasbench.errors import InputError, RunError
from nasbench.executors.pool import WorkerDied

Result = TypeVar("Result")

POLL_SECONDS = 0.2


class Job:
    """Makes a job for each call. A folder that all machines see holds what goes to it and comes from it, and its log.

    Args:
        settings: `cluster` (slurm, local or debug; None for slurm where there is one), and what submitit's AutoExecutor
            takes: timeout_min, cpus_per_task, mem_gb, slurm_partition, ...

    Raises:
        InputError: submitit is not installed, or does not take a setting.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self._executor = _executor(folder, settings)
        self._job: Any = None
        self._closed = False
        self._changing = threading.Lock()

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        from submitit.core.utils import FailedJobError, UncompletedJobError

        with self._changing:
            if self._closed:
                raise WorkerDied("it was closed")
            self._job = job = self._executor.submit(function, *arguments)
        while not job.done():
            if self._closed:
                raise WorkerDied("it was closed")
            time.sleep(POLL_SECONDS)
        try:
            result: Result = job.result()
        except UncompletedJobError as error:
            raise WorkerDied(f"job {job.job_id} ended without an answer, see {job.paths.stderr}") from error
        except FailedJobError as error:
            raise RunError(f"job {job.job_id} failed: {_reason(str(error))}; see {job.paths.stderr}") from error
        return result

    def close(self) -> None:
        with self._changing:
            self._closed = True
        if self._job is not None and not self._job.done():
            self._job.cancel(check=False)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raises InputError as `Job`; leaves nothing behind."""
    with tempfile.TemporaryDirectory() as folder:
        _executor(Path(folder), settings)


def _executor(folder: Path, settings: Mapping[str, Any]) -> Any:
    try:
        import submitit
    except ImportError as error:
        raise InputError('runtime.executor=submitit needs submitit: pip install "nasbench[slurm]"') from error
    others = {name: value for name, value in settings.items() if name != "cluster"}
    try:
        executor = submitit.AutoExecutor(folder=folder, cluster=settings.get("cluster"))
        executor.update_parameters(**others)
    except (ValueError, NameError, AssertionError, RuntimeError) as error:
        raise InputError(f"runtime.submitit={dict(settings)} is refused: {str(error).splitlines()[0]}") from error
    return executor


def _reason(trace: str) -> str:
    """The exception of a job's traceback: the last line before its frame of dashes."""
    lines = [line for line in trace.split("----------------------")[1].splitlines() if line.strip()]
    return lines[-1].strip()
