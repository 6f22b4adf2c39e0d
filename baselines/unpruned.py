"""The unpruned network: one trial, the largest architecture of the space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nasbench.errors import InputError
from nasbench.records import Proposal, Trial
from nasbench.spaces.base import HasLargest, SearchSpace


@dataclass(frozen=True, kw_only=True)
class Unpruned:
    batch_size: ClassVar[int] = 1
    max_trials: ClassVar[int | None] = 1

    def propose(self, space: SearchSpace, history: Sequence[Trial], rng: np.random.Generator) -> list[Proposal]:
        if not isinstance(space, HasLargest):
            raise InputError(
                f"space {space.name} has no largest architecture, so it does not hold the unpruned network"
            )
        return [] if history else [Proposal(space.largest())]
