"""Worker processes that die of what they are asked to do: what these functions are called in is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nasbench import experiment
from nasbench.estimators.standard import StandardEvaluator
from nasbench.executors.choice import begin
from nasbench.executors.processes import Line


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(marker: Path) -> str:
    _die_unless_marked(marker, times=1)
    return "alive"


def begin_deadly(line: Line, folder: Path, times: int) -> None:
    """A worker of a batch that dies of its first proposals, so many of all workers together."""
    begin(line)
    _make_deadly(folder, times)


def begin_deadly_runs(line: Line, threads: int, folder: Path, times: int) -> None:
    """A worker of an experiment's runs that does."""
    _begin_run_worker(line, threads)
    _make_deadly(folder, times)


_begin_run_worker = experiment._begin_worker
"""As it is, whatever a test puts in its place."""


def _make_deadly(folder: Path, times: int) -> None:
    evaluator: Any = StandardEvaluator
    evaluate: Callable[..., Any] = evaluator.evaluate

    def deadly(self: Any, *arguments: Any) -> Any:
        _die_unless_marked(folder / "killed", times)
        return evaluate(self, *arguments)

    evaluator.evaluate = deadly


def _die_unless_marked(marker: Path, times: int) -> None:
    """Die if fewer than so many have; the marker's size counts them."""
    done = marker.stat().st_size if marker.exists() else 0
    if done < times:
        with open(marker, "ab") as file:
            file.write(b".")
        die()
