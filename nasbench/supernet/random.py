"""One random sub-network a step; with `linear`, one with a probability that grows from 0 to 1, else the full network.

Klein et al. 2024, section 4.1.3 (random, random-linear).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nasbench.spaces.base import SearchSpace
from nasbench.supernet.base import Distillation, Pass, largest, random_networks


@dataclass(frozen=True, kw_only=True)
class RandomSubNetwork:
    seed: int
    linear: bool = False
    distillation: Any = field(default_factory=Distillation)

    def plan(self, space: SearchSpace, rng: np.random.Generator, progress: float) -> list[Pass]:
        (network,) = random_networks(space, 1, rng)
        if self.linear and rng.random() >= progress:
            network = largest(space)
        return [Pass(network=network)]
