"""Worker processes on this machine, forked from a server that has imported what they all need."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from nasbench.executors.pool import WorkerDied

Result = TypeVar("Result")

Begin = Callable[["Line"], None]
"""Called in a new worker with its end of the line, before any task."""


class Line:
    """A worker's end of the connection to whom it works for; the worker ends with the other end.

    So nobody has to be there to end it, and no lock is shared that a worker could be killed with.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection, self._told = connection, threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def told(self) -> bool:
        """Whether the worker was told to stop after the row at hand."""
        return self._told.is_set()

    def report(self, event: Any) -> None:
        self._connection.send(event)

    def _listen(self) -> None:
        try:
            while True:
                self._connection.recv()
                self._told.set()
        except (EOFError, OSError):
            os._exit(1)


class Process:
    """A worker process, made when it is first called, and anew after it has died."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._pool: ProcessPoolExecutor | None = None
        self._line: Connection | None = None
        self._closed = False
        self._changing = threading.Lock()

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        try:
            return self._submit(function, *arguments).result()
        except (BrokenProcessPool, CancelledError) as error:
            self._hang_up()
            raise WorkerDied("its process ended without an answer") from error

    def events(self) -> Iterator[Any]:
        """What the worker has reported since."""
        line = self._line
        try:
            while line is not None and line.poll():
                yield line.recv()
        except (EOFError, OSError):
            return

    def tell_to_stop(self) -> None:
        line = self._line
        try:
            if line is not None:
                line.send(None)
        except OSError:  # it has just ended
            return

    def close(self) -> None:
        with self._changing:
            self._closed = True
        self._hang_up()

    def _submit(self, function: Callable[..., Result], *arguments: Any) -> Future[Result]:
        with self._changing:
            if self._closed:
                raise WorkerDied("it was closed")
            if self._pool is not None:
                return self._pool.submit(function, *arguments)
            context = _context()
            self._line, theirs = context.Pipe()
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_start, initargs=(self._begin, theirs))
            future = self._pool.submit(function, *arguments)  # the process is started here, and has its end
            theirs.close()
            return future

    def _hang_up(self) -> None:
        with self._changing:
            pool, line = self._pool, self._line
            self._pool = self._line = None
        if line is not None:
            line.close()
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


def _context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["nasbench.executors.preload"])
    return context


def _start(begin: Begin, connection: Connection) -> None:
    begin(Line(connection))
