"""How an experiment is computed: the half of the configuration that is never part of a run's identity."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nasbench.errors import InputError
from nasbench.precision import Precision
from nasbench.provenance import usable_cores


class Engine(StrEnum):
    """Where the proposals of a batch are evaluated."""

    SERIAL = "serial"  # in the run's own process, one after the other
    PROCESSES = "processes"  # of this machine
    SUBMITIT = "submitit"  # jobs of SLURM, or processes of this machine


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Attributes:
    workers: processes that share the runs of an experiment; None for as many as leave each one's own workers a core.
    executor: of the batches of a run.
    workers_per_run: that evaluate a batch, where the executor is not serial; None for one a core.
    submitit: settings of its executor, by the names that `nasbench.executors.jobs` takes.
    threads: of each process.
    device: as torch names it.
    precision: of matrix products.
    checkpoint_minutes: after which a training that goes on is stored, to be taken up if it is cut; None for never.
    results: folder of run files.
    """

    workers: int | None = None
    executor: Engine = Engine.SERIAL
    workers_per_run: int | None = None
    submitit: dict[str, Any] = field(default_factory=dict)
    threads: int = 1
    device: str = "cpu"
    precision: Precision = Precision.FLOAT32
    checkpoint_minutes: float | None = 15.0
    results: str = "results"

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputError(f"runtime.workers must be at least 1 or null, not {self.workers}")
        if self.workers_per_run is not None and self.workers_per_run < 1:
            raise InputError(f"runtime.workers_per_run must be at least 1 or null, not {self.workers_per_run}")
        if self.executor is Engine.SUBMITIT and self.workers_per_run is None:
            raise InputError("runtime.executor=submitit needs runtime.workers_per_run: how many jobs at a time")
        if self.threads < 1:
            raise InputError(f"runtime.threads must be at least 1, not {self.threads}")
        if self.checkpoint_minutes is not None and not 0 <= self.checkpoint_minutes < math.inf:
            raise InputError(
                f"runtime.checkpoint_minutes must be a number of at least 0 or null, not {self.checkpoint_minutes}"
            )
        if not re.fullmatch(r"cpu|cuda(:\d+)?", self.device):
            raise InputError(f"runtime.device must be cpu, cuda or cuda:N, not {self.device}")

    @property
    def checkpoint_seconds(self) -> float | None:
        return None if self.checkpoint_minutes is None else 60 * self.checkpoint_minutes

    @property
    def processes(self) -> int:
        """That share the runs of an experiment."""
        own = self.workers_of_a_run if self.executor is Engine.PROCESSES else 1
        return self.workers or max(1, usable_cores() // own)

    @property
    def workers_of_a_run(self) -> int:
        return self.workers_per_run or usable_cores()
