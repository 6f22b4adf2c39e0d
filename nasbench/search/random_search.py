"""Random search: architectures drawn from the space's own distribution (Klein et al. 2024, appendix D)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasbench.records import Proposal, Trial
from nasbench.search.base import check_bounds
from nasbench.spaces.base import SearchSpace

DRAWS_PER_PROPOSAL = 1000
"""So many draws without a new architecture, and the space counts as exhausted."""


@dataclass(frozen=True, kw_only=True)
class RandomSearch:
    """No architecture is proposed twice; a failed one counts as tried."""

    batch_size: int = 1
    max_trials: int | None = None

    def __post_init__(self) -> None:
        check_bounds(self.batch_size, self.max_trials)

    def propose(self, space: SearchSpace, history: Sequence[Trial], rng: np.random.Generator) -> list[Proposal]:
        seen = {trial.proposal.architecture for trial in history}
        proposals: list[Proposal] = []
        for _ in range(DRAWS_PER_PROPOSAL * self.batch_size):
            architecture = space.sample(rng)
            if architecture not in seen:
                seen.add(architecture)
                proposals.append(Proposal(architecture))
            if len(proposals) == self.batch_size:
                break
        return proposals
