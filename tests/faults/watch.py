"""What a process under test is seen to do: the phases it enters and the writes it makes, told through shared memory."""

from __future__ import annotations

import functools
import mmap
import os
import pathlib
import pkgutil
import signal
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Call = Callable[..., Any]

BEGINNING = "beginning"

PHASES: dict[str, str] = {
    "nasbench.run._load": "data preparation",
    "nasbench.estimators.weight_sharing.train_super_network": "super-network training",
    "nasbench.estimators.weight_sharing.WeightSharingEvaluator.evaluate": "search",
    "nasbench.estimators.fine_tuning.FineTuning.train": "fine-tuning",
    "baselines.retraining_free_pruning.mask_gradients": "mask gradients",
    "baselines.retraining_free_pruning.tune": "mask tuning",
    "nasbench.drive.Drive._test": "scoring on test",
    "nasbench.tables.build.score_together": "table build",
    "analysis.output.load_runs": "writing of the analysis",
}
"""What begins a phase, which lasts until another one begins."""

PROMOTION = "promotion"
"""Fine-tuning that goes on from a stored checkpoint."""

NAMES = (BEGINNING, *PHASES.values(), PROMOTION)

CALLS = ("os.fsync", "os.replace", "os.rename", "os.unlink")
"""Seen before and after they are made."""

WRITES = {
    "nasbench.tensors.save_file": 1,
    "nasbench.tables.file.pq.write_table": 1,
    "pathlib.Path.write_bytes": 0,
}
"""Functions that write a whole file, by the position of its path: also seen when half of it is written."""

ROW = "nasbench.results._write"
"""Appends a row to an open file: also seen when half of the row is written."""


class Shared:
    """Three counters that a parent reads while its child counts, and after the child's death."""

    _FORM = struct.Struct("3q")

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, self._FORM.size)

    def read(self) -> tuple[int, int, int]:
        """Phases entered so far, index of the one at hand in `NAMES`, and boundaries met."""
        entered, phase, boundaries = self._FORM.unpack(self._memory[:])
        return entered, phase, boundaries

    def write(self, entered: int, phase: int, boundaries: int) -> None:
        self._memory[:] = self._FORM.pack(entered, phase, boundaries)


@dataclass(frozen=True, slots=True)
class Boundary:
    """A moment just before, within or just after a write.

    Attributes:
        what: the function, and the moment.
    """

    phase: str
    what: str


@dataclass
class Watch:
    """Counts phases and boundaries in this process, and acts at one of them.

    Attributes:
        at: index of the boundary at which `act` is called; None: at none.
        segments: phases in the order they were entered, with the times at which they were.
    """

    shared: Shared
    at: int | None = None
    act: Callable[[], None] = lambda: None
    segments: list[tuple[str, float]] = field(default_factory=lambda: [(BEGINNING, time.perf_counter())])
    boundaries: list[Boundary] = field(default_factory=list)

    def install(self) -> None:
        """Replace what is watched, for the rest of this process's life."""
        for name, phase in PHASES.items():
            _replace(name, functools.partial(self._entering, phase))
        for name in CALLS:
            _replace(name, functools.partial(self._around, name))
        for name, position in WRITES.items():
            _replace(name, functools.partial(self._whole_file, name, position))
        _replace(ROW, self._row)

    def _enter(self, phase: str) -> None:
        self.segments.append((phase, time.perf_counter()))
        self._tell()

    def _tell(self) -> None:
        self.shared.write(len(self.segments) - 1, NAMES.index(self.segments[-1][0]), len(self.boundaries))

    def _meet(self, what: str) -> None:
        self.boundaries.append(Boundary(self.segments[-1][0], what))
        self._tell()
        if self.at == len(self.boundaries) - 1:
            self.act()

    def _entering(self, phase: str, call: Call) -> Call:
        @functools.wraps(call)
        def watched(*args: Any, **kwargs: Any) -> Any:
            resumes = phase == "fine-tuning" and any([*args[1:], *kwargs.values()])
            self._enter(PROMOTION if resumes else phase)
            return call(*args, **kwargs)

        return watched

    def _around(self, name: str, call: Call) -> Call:
        @functools.wraps(call)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self._meet(f"before {name}")
            result = call(*args, **kwargs)
            self._meet(f"after {name}")
            return result

        return watched

    def _whole_file(self, name: str, position: int, call: Call) -> Call:
        @functools.wraps(call)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self._meet(f"before {name}")
            result = call(*args, **kwargs)
            path = pathlib.Path(args[position])
            whole = path.read_bytes()
            os.truncate(path, len(whole) // 2)
            self._meet(f"within {name}")
            with open(path, "wb") as file:
                file.write(whole)
            self._meet(f"after {name}")
            return result

        return watched

    def _row(self, call: Call) -> Call:
        @functools.wraps(call)
        def watched(file: Any, line: bytes) -> None:
            call(file, line[: len(line) // 2])
            self._meet("within a row")
            call(file, line[len(line) // 2 :])

        return watched


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _replace(name: str, by: Callable[[Call], Call]) -> None:
    owner, _, attribute = name.rpartition(".")
    where = pkgutil.resolve_name(owner)
    setattr(where, attribute, by(getattr(where, attribute)))
