"""Workers that do one task at a time each. One that dies takes down its own task, and no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from nasbench.errors import RunError

Result = TypeVar("Result")


class WorkerDied(RunError):
    """A worker ended without an answer: killed by the system for want of memory, by a scheduler, or by hand."""


class Worker(Protocol):
    def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """What a function of a module returns where the worker runs; a worker that died is replaced.

        Raises:
            WorkerDied: the worker ended meanwhile, or is closed.
        """

    def close(self) -> None:
        """End the worker at once, whatever it is doing."""


class Pool:
    """Hands tasks to workers as they get free."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers
        self._free: SimpleQueue[Worker] = SimpleQueue()
        for worker in workers:
            self._free.put(worker)
        self._threads = ThreadPoolExecutor(len(workers))  # each waits for one worker

    @property
    def size(self) -> int:
        return len(self._workers)

    def submit(self, task: Callable[[Worker], Result]) -> Future[Result]:
        """Do a task, which calls the worker that it is given, as soon as one is free."""
        return self._threads.submit(self._do, task)

    def _do(self, task: Callable[[Worker], Result]) -> Result:
        worker = self._free.get()
        try:
            return task(worker)
        finally:
            self._free.put(worker)

    def close(self) -> None:
        """End all workers at once."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.close()
        self._threads.shutdown(wait=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
