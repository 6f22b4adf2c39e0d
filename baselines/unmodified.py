"""The base of a space of networks that are built: the unmodified network, taken through the phases of all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nasbench.errors import InputError
from nasbench.records import Proposal, Trial
from nasbench.spaces.base import Inherits, Points


@dataclass(frozen=True, kw_only=True)
class Unmodified:
    batch_size: ClassVar[int] = 1
    max_trials: ClassVar[int | None] = 1

    def propose(self, space: Points, history: Sequence[Trial], rng: np.random.Generator) -> list[Proposal]:
        if not isinstance(space, Inherits):
            raise InputError(f"space {space.name} has no base: the unmodified network goes with space=hierarchical")
        return [] if history else [Proposal(space.base())]
