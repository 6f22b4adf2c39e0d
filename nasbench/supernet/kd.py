"""k random sub-networks a step, distilled in place from the full network (Klein et al. 2024, section 4.1.3: kd)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nasbench.spaces.base import SearchSpace
from nasbench.supernet.base import Distillation, Pass, check_k, largest, random_networks


@dataclass(frozen=True, kw_only=True)
class InPlaceDistillation:
    """Attributes:
    train_teacher: the full network is trained on the labels as well; otherwise it only teaches.
    """

    seed: int
    k: int = 2
    train_teacher: bool = False
    distillation: Any = field(default_factory=Distillation)

    def __post_init__(self) -> None:
        check_k(self.k)

    def plan(self, space: SearchSpace, rng: np.random.Generator, progress: float) -> list[Pass]:
        students = random_networks(space, self.k, rng)
        return [
            Pass(network=largest(space), labels=self.train_teacher, teacher=True),
            *(Pass(network=network, distil=True) for network in students),
        ]
