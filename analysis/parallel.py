"""The same work on many items, in processes that share what has been loaded."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Found = TypeVar("Found")

EACH = 4
"""Items a process has to do at least: for fewer it is not worth its start."""
MOST = 8

_work: Callable[[int], object] | None = None
"""What the processes do: they inherit it, with all the runs it knows of, and are told the number of an item alone."""


def in_order(work: Callable[[int], Found], items: int, long: Sequence[int] = ()) -> Iterator[Found]:
    """What `work` finds for 0, 1, ... items - 1, in this order; it may only read what it shares with others.

    In processes where the system can copy a running one (Linux), else one after the other: equal results either way.
    Where a process is killed, as for want of memory, the rest is done one after the other too.

    Args:
        long: those that take the longest: processes begin with them, so that none is left alone with one at the end.
    """
    processes, done = processes_for(items), 0
    if processes > 1:
        try:
            for found in _mapped(work, items, processes, long):
                done += 1
                yield found
        except BrokenProcessPool:
            pass
    yield from (work(number) for number in range(done, items))


def processes_for(items: int) -> int:
    """How many do the work; 1 for this one alone."""
    return max(1, min(MOST, usable_cores(), items // EACH))


def usable_cores() -> int:
    """Of this process; 1 where a running process cannot be copied."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def _mapped(work: Callable[[int], Found], items: int, processes: int, long: Sequence[int]) -> Iterator[Found]:
    global _work
    _work = work
    pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("fork"))
    gc.freeze()  # a process whose collector walks through what it shares writes to it, and so gets a copy of its own
    try:
        with warnings.catch_warnings():  # of threads: those of numerical libraries, which stand a fork
            warnings.simplefilter("ignore", DeprecationWarning)
            futures = {number: pool.submit(_do, number) for number in dict.fromkeys([*long, *range(items)])}
        for number in range(items):
            yield futures[number].result()  # type: ignore[misc]
    finally:
        pool.shutdown(cancel_futures=True)  # after an error what was not begun is left undone
        gc.unfreeze()
        _work = None


def _do(number: int) -> object:
    assert _work is not None
    try:
        return _work(number)
    finally:
        gc.collect()  # figures are full of cycles: else many are kept, with all of their data
