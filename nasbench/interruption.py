"""Stopping soon: a first SIGINT or SIGTERM lets the row at hand be finished, a second one ends at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Stop = Callable[[], bool]
"""Asked between two rows: whether to stop there."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def never() -> bool:
    return False


@contextmanager
def listening() -> Iterator[Stop]:
    """Within it the first signal only makes the stop true; the second raises KeyboardInterrupt.

    Only a main thread can listen to signals; in any other, the stop stays false.
    """
    if threading.current_thread() is not threading.main_thread():
        yield never
        return
    received: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            raise KeyboardInterrupt
        # Not print: the signal may have come in the middle of one.
        os.write(2, b"\nnasbench: stopping after the row at hand; once more to stop at once\n")

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def terminable() -> Iterator[None]:
    """Within it SIGTERM is what Ctrl-C is: a KeyboardInterrupt, told in a sentence, with nothing left half done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def listen_in_worker(told: Stop) -> Stop:
    """The stop of a worker process, which its parent tells, as a terminal's Ctrl-C reaches the parent too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    terminated = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: terminated.set())
    return lambda: terminated.is_set() or told()
