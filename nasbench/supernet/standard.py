"""Standard fine-tuning: every step trains the full network alone, as if there were no sub-networks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nasbench.spaces.base import SearchSpace
from nasbench.supernet.base import Distillation, Pass, largest


@dataclass(frozen=True, kw_only=True)
class Standard:
    seed: int
    distillation: Any = field(default_factory=Distillation)

    def plan(self, space: SearchSpace, rng: np.random.Generator, progress: float) -> list[Pass]:
        return [Pass(network=largest(space))]
