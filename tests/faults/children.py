"""Processes that share one start: a child is forked with everything imported, and killed from outside or by itself."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.watch import NAMES, Boundary, Shared, Watch, die

PATIENCE_SECONDS = 120.0
"""A child that takes longer hangs: it is ended, and that is a failure."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended.

    Attributes:
        code: its exit code; negative: the signal that killed it.
        phase: that it was in then.
        said: what it printed.
    """

    code: int
    phase: str
    said: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Course:
    """What an uninterrupted child did.

    Attributes:
        segments: phases in order, each with its seconds.
        boundaries: moments around writes, in order.
    """

    segments: tuple[tuple[str, float], ...]
    boundaries: tuple[Boundary, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """So long after the so-many-th phase was entered."""

    entered: int
    seconds: float


def follow(run: Callable[[], int], folder: Path) -> tuple[Ended, Course]:
    """Run a command in a child to its end, and tell its course."""
    log = folder.with_name(f"{folder.name}.course")
    ended = _child(run, folder, Watch(Shared()), log=log)
    told = json.loads(log.read_text()) if log.exists() else {"segments": [], "boundaries": []}
    segments = tuple((str(name), float(seconds)) for name, seconds in told["segments"])
    return ended, Course(segments, tuple(Boundary(**boundary) for boundary in told["boundaries"]))


def kill_at(run: Callable[[], int], folder: Path, where: Moment | int) -> Ended:
    """Run a command in a child that is killed at a moment, or at the boundary of a number, if it comes so far."""
    if isinstance(where, int):
        return _child(run, folder, Watch(Shared(), at=where, act=die))
    return _child(run, folder, Watch(Shared()), moment=where)


def _child(
    run: Callable[[], int], folder: Path, watch: Watch, *, log: Path | None = None, moment: Moment | None = None
) -> Ended:
    output = folder.with_name(f"{folder.name}.output")
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    number = os.fork()
    if number == 0:
        os._exit(_in_child(run, folder, watch, output, log))
    if moment is not None:
        _kill(number, watch.shared, moment)
    code = _wait(number)
    _, phase, _ = watch.shared.read()
    return Ended(code, NAMES[phase], output.read_text(errors="replace"))


def _in_child(run: Callable[[], int], folder: Path, watch: Watch, output: Path, log: Path | None) -> int:
    code = 70
    try:
        os.chdir(folder)
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        watch.install()
        code = run()
        if log is not None:
            log.write_text(json.dumps(_course(watch)))
    except BaseException:  # noqa: BLE001 - a child must never come back as a second parent
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _course(watch: Watch) -> dict[str, object]:
    ends = [*(started for _, started in watch.segments[1:]), time.perf_counter()]
    return {
        "segments": [(name, end - begun) for (name, begun), end in zip(watch.segments, ends, strict=True)],
        "boundaries": [asdict(boundary) for boundary in watch.boundaries],
    }


def _kill(number: int, shared: Shared, moment: Moment) -> None:
    """Kill a child at a moment, unless it ends before."""
    while shared.read()[0] < moment.entered:
        if _ended(number):
            return
        time.sleep(0.001)
    time.sleep(moment.seconds)
    os.kill(number, signal.SIGKILL)  # not reaped yet, so the number is still its own


def _ended(number: int) -> bool:
    return os.waitid(os.P_PID, number, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _wait(number: int) -> int:
    begun = time.monotonic()
    while not _ended(number):
        if time.monotonic() - begun > PATIENCE_SECONDS:
            os.kill(number, signal.SIGTERM)
            os.kill(number, signal.SIGTERM)
            break
        time.sleep(0.005)
    _, status = os.waitpid(number, 0)
    return os.waitstatus_to_exitcode(status)
