"""Trainings that can be cut off: what one has come to is stored now and then, and taken up by whoever does it again.

A file `<key>-<sha256>.safetensors`, which appears whole, by a rename, and is verified against its name when read. The
last one alone is kept, and none once the training is over. None of this changes a number: training is the same in one
go or in parts.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import filelock
import safetensors
import torch
from safetensors.torch import load_file
from torch import Tensor

from nasbench.records import Point
from nasbench.results import sync_folder
from nasbench.tensors import file_sha256, save, under

_log = logging.getLogger(__name__)

_MODEL, _OPTIMIZER, _LOSSES, _STEPS, _SECONDS, _CURVE = "model.", "optimizer.", "losses", "steps", "seconds", "curve"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a training has come to.

    Attributes:
        steps: done so far.
        model, optimizer: tensors by name.
        losses: of the steps since those that it began with.
        seconds: that it took, in all processes that were at it.
        curve: points of a learning curve so far, as of `nasbench.records.Stage`.
    """

    steps: int
    model: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0
    curve: Sequence[Point] = ()


class Unfinished:
    """The place of one training, which one process at a time may use: others train without it.

    A context manager. Nothing is written, no lock either, before the first state is. What cannot be stored (a full
    disk) is said once, and the training goes on.
    """

    def __init__(self, folder: Path, key: str, *, every: float | None) -> None:
        """Store at `key` in a folder every so many seconds; None for never. What is there is taken up in any case."""
        self._folder, self._key, self._every = folder, key, every
        self._lock = filelock.FileLock(folder / f".{key}.lock")
        self._stored = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def state(self) -> State | None:
        """The last one that was stored and is whole; a damaged one is set aside, with a warning."""
        if not (self._files() and self._held()):
            return None
        self._new.unlink(missing_ok=True)
        found = [state for file in self._files() if (state := self._read(file)) is not None]
        return max(found, key=lambda state: state.steps, default=None)

    def offer(self, state: Callable[[], State]) -> None:
        """Store a state if it is time."""
        if self._every is None or time.monotonic() - self._stored < self._every:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._held():
                self._store(state())
            else:
                self._every = None
        except (OSError, safetensors.SafetensorError) as error:
            _log.warning("a training could not be stored in %s, and goes on without: %s", self._folder, error)
            self._every = None
            with suppress(OSError):
                self._new.unlink(missing_ok=True)
        self._stored = time.monotonic()

    def over(self) -> None:
        """Remove what was stored: the training has ended."""
        if (self._files() or self._new.exists()) and self._held():
            for file in (*self._files(), self._new):
                file.unlink(missing_ok=True)

    @property
    def _new(self) -> Path:
        """Of a state that is being written."""
        return self._folder / f".{self._key}.new"

    def _held(self) -> bool:
        """Whether this process has the place, or takes it now."""
        try:
            if not self._lock.is_locked:
                self._lock.acquire(timeout=0)
        except (filelock.Timeout, OSError):
            return False
        return True

    def _files(self) -> list[Path]:
        found = sorted(self._folder.glob(f"{self._key}-*.safetensors"))
        return [file for file in found if file.stem.rpartition("-")[0] == self._key]

    def _store(self, state: State) -> None:
        tensors = {_MODEL + name: tensor for name, tensor in state.model.items()}
        tensors |= {_OPTIMIZER + name: tensor for name, tensor in state.optimizer.items()}
        tensors[_LOSSES] = torch.tensor(state.losses, dtype=torch.float64)
        tensors[_STEPS] = torch.tensor(state.steps)
        tensors[_SECONDS] = torch.tensor(state.seconds, dtype=torch.float64)
        tensors[_CURVE] = torch.tensor([_numbers(point) for point in state.curve], dtype=torch.float64)
        before = self._files()
        save(tensors, self._new)
        whole = self._folder / f"{self._key}-{file_sha256(self._new)}.safetensors"
        self._new.rename(whole)
        sync_folder(self._folder)
        for file in before:
            if file != whole:
                file.unlink(missing_ok=True)

    def _read(self, file: Path) -> State | None:
        try:
            if file.stem.rpartition("-")[2] != file_sha256(file):
                raise ValueError("it does not match its checksum")
            tensors = load_file(file)
            return State(
                steps=int(tensors[_STEPS]),
                model=under(_MODEL, tensors),
                optimizer=under(_OPTIMIZER, tensors),
                losses=tensors[_LOSSES].tolist(),
                seconds=float(tensors[_SECONDS]),
                curve=tuple(map(_point, tensors[_CURVE].tolist())),
            )
        except (OSError, ValueError, KeyError, safetensors.SafetensorError) as error:
            aside = next(p for n in count(1) if not (p := file.with_suffix(f".damaged-{n}")).exists())
            with suppress(OSError):
                file.rename(aside)
                _log.warning("a training's stored state is damaged (%s): moved to %s", error, aside)
            return None


def _numbers(point: Point) -> tuple[float, float, float]:
    step, loss, held_out = point
    return step, loss, math.nan if held_out is None else held_out


def _point(numbers: Sequence[float]) -> Point:
    step, loss, held_out = numbers
    return int(step), loss, None if math.isnan(held_out) else held_out
