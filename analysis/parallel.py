"""The same work on many items, in processes that share what has been loaded."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

Found = TypeVar("Found")

EACH = 4
"""Items a process has to do at least: for fewer it is not worth its start."""
MOST = 8

_work: Callable[[int], object] | None = None
"""What the processes do: they inherit it, with all the runs it knows of, and are told the number of an item alone."""


@contextmanager
def in_order(work: Callable[[int], Found], items: int, long: Sequence[int] = ()) -> Iterator[Iterator[Found]]:
    """What `work` finds for 0, 1, ... items - 1, in this order; it may only read what it shares with others.

    In processes where the system can copy a running one (Linux), which begin at once, else one after the other as it is
    taken: equal results either way. Where a process is killed, as for want of memory, the rest is done one after the
    other too. What nobody waits for any more is not begun.

    Args:
        long: those that take the longest: processes begin with them, so that none is left alone with one at the end.
    """
    processes = processes_for(items)
    if processes == 1:
        yield map(work, range(items))
        return
    with _begun(work, dict.fromkeys([*long, *range(items)]), processes) as futures:
        yield _taken(work, items, futures)


def processes_for(items: int) -> int:
    """How many do the work; 1 for this one alone."""
    return max(1, min(MOST, usable_cores(), items // EACH))


def usable_cores() -> int:
    """Of this process; 1 where a running process cannot be copied."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


@contextmanager
def _begun(work: Callable[[int], Found], numbers: Iterable[int], processes: int) -> Iterator[Mapping[int, Future[Any]]]:
    """What processes do, by number, in this order; less where one of them has been killed already."""
    global _work
    _work = work
    pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("fork"))
    gc.freeze()  # a process whose collector walks through what it shares writes to it, and so gets a copy of its own
    futures: dict[int, Future[Any]] = {}
    try:
        with warnings.catch_warnings():  # of threads: those of numerical libraries, which stand a fork
            warnings.simplefilter("ignore", DeprecationWarning)
            with suppress(BrokenProcessPool):
                for number in numbers:
                    futures[number] = pool.submit(_do, number)
        yield futures
    finally:
        pool.shutdown(cancel_futures=True)
        gc.unfreeze()
        _work = None


def _taken(work: Callable[[int], Found], items: int, futures: Mapping[int, Future[Any]]) -> Iterator[Found]:
    for number in range(items):
        future = futures.get(number)
        try:
            found = future.result() if future else work(number)
        except BrokenProcessPool:
            found = work(number)
        yield found


def _do(number: int) -> object:
    assert _work is not None
    try:
        return _work(number)
    finally:
        gc.collect()  # figures are full of cycles: else many are kept, with all of their data
