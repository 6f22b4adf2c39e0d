"""Multi-objective local search: mutate a random member of the front (Klein et al. 2024, Algorithm 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasbench.records import Proposal, Trial
from nasbench.search.base import check_bounds
from nasbench.search.ranking import front, observed
from nasbench.search.unseen import largest, unseen_proposals, warm_start
from nasbench.spaces.base import SearchSpace


@dataclass(frozen=True, kw_only=True)
class LocalSearch:
    """Starts from the largest architecture. While no trial has objectives, it draws random ones.

    Attributes:
        warm_start: starts from the largest, the smallest and the middle.
    """

    batch_size: int = 1
    max_trials: int | None = None
    warm_start: bool = False

    def __post_init__(self) -> None:
        check_bounds(self.batch_size, self.max_trials)

    def propose(self, space: SearchSpace, history: Sequence[Trial], rng: np.random.Generator) -> list[Proposal]:
        population = front(observed(history))

        def draw() -> Proposal:
            if not population:
                return Proposal(space.sample(rng))
            parent = population[rng.integers(len(population))]
            return Proposal(space.mutate(parent.proposal.architecture, rng), parent=parent.index)

        start = warm_start(space) if self.warm_start else [largest(space)]
        return unseen_proposals(space, history, rng, size=self.batch_size, draw=draw, start=start)
