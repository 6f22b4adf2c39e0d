"""How an experiment is computed: the half of the configuration that is never part of a run's identity."""

from __future__ import annotations

import os
from dataclasses import dataclass

from nasbench.errors import InputError
from nasbench.precision import Precision


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Attributes:
    workers: processes that share the runs of an experiment; None for one a core.
    threads: of each process.
    device: as torch names it.
    precision: of matrix products.
    results: folder of run files.
    """

    workers: int | None = None
    threads: int = 1
    device: str = "cpu"
    precision: Precision = Precision.FLOAT32
    results: str = "results"

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputError(f"runtime.workers must be at least 1 or null, not {self.workers}")
        if self.threads < 1:
            raise InputError(f"runtime.threads must be at least 1, not {self.threads}")
        if self.device.partition(":")[0] not in ("cpu", "cuda"):
            raise InputError(f"runtime.device must be cpu, cuda or cuda:N, not {self.device}")

    @property
    def processes(self) -> int:
        return self.workers or len(os.sched_getaffinity(0))
