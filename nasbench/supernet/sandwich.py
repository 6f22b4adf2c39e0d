"""Sandwich rule: every step trains the largest, the smallest and k random sub-networks (Yu et al. 2020).

With `distil` the largest is their teacher: the strategy that Klein et al. 2024, section 3.2.1, call full.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nasbench.spaces.base import SearchSpace
from nasbench.supernet.base import Distillation, Pass, check_k, largest, random_networks


@dataclass(frozen=True, kw_only=True)
class Sandwich:
    seed: int
    k: int = 2
    distil: bool = False
    distillation: Any = field(default_factory=Distillation)

    def __post_init__(self) -> None:
        check_k(self.k)

    def plan(self, space: SearchSpace, rng: np.random.Generator, progress: float) -> list[Pass]:
        smaller = [space.network(space.smallest()), *random_networks(space, self.k, rng)]
        return [
            Pass(network=largest(space), teacher=self.distil),
            *(Pass(network=network, distil=self.distil) for network in smaller),
        ]
