"""Architectures known by numbers: they are paired and counted by these, without a look at the records of trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nasbench.records import Architecture, Gene
from nasbench.results import Run


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """The architectures of some runs.

    Attributes:
        architectures: each of them once, by number.
        numbers: of each run's trials [trials], by the run's path.
    """

    architectures: tuple[Architecture, ...]
    numbers: Mapping[Path, NDArray[np.int64]]

    @classmethod
    def of(cls, runs: Iterable[Run]) -> Self:
        known: dict[tuple[Gene, ...], int] = {}
        numbers = {}
        for run in runs:
            values = [trial.proposal.architecture.values for trial in run.trials]
            numbers[run.path] = np.array([known.setdefault(each, len(known)) for each in values], dtype=np.int64)
        return cls(tuple(map(Architecture, known)), numbers)

    def among(self, runs: Iterable[Run]) -> list[Architecture]:
        """Those of some of the runs, each once, in the order of their numbers."""
        numbers = [self.numbers[run.path] for run in runs]
        return [self.architectures[n] for n in np.unique(np.concatenate(numbers)).tolist()] if numbers else []
