"""Random search: architectures drawn from the space's own distribution (Klein et al. 2024, appendix D)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasbench.records import Proposal, Trial
from nasbench.search.base import check_bounds
from nasbench.search.unseen import unseen_proposals, warm_start
from nasbench.spaces.base import SearchSpace


@dataclass(frozen=True, kw_only=True)
class RandomSearch:
    """No architecture is proposed twice; a failed one counts as tried.

    Attributes:
        warm_start: largest, smallest and middle come first.
    """

    batch_size: int = 1
    max_trials: int | None = None
    warm_start: bool = False

    def __post_init__(self) -> None:
        check_bounds(self.batch_size, self.max_trials)

    def propose(self, space: SearchSpace, history: Sequence[Trial], rng: np.random.Generator) -> list[Proposal]:
        return unseen_proposals(
            space,
            history,
            rng,
            size=self.batch_size,
            draw=lambda: Proposal(space.sample(rng)),
            start=warm_start(space) if self.warm_start else (),
        )
