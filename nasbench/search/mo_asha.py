"""MO-ASHA: successive halving over training epochs, promotions by non-dominated sorting (Schmucker et al. 2021).

Klein et al. 2024, appendix D. For estimators that train each network by itself: a promotion continues the training of
a trial. Decisions are made once a batch, from the trials before it, so they don't depend on how workers are timed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nasbench.errors import InputError
from nasbench.records import Proposal, Trial
from nasbench.search.base import check_bounds
from nasbench.search.ranking import Ranking, observed, points, priorities
from nasbench.search.unseen import unseen_proposals, warm_start
from nasbench.spaces.base import SearchSpace


@dataclass(frozen=True, kw_only=True)
class SuccessiveHalving:
    """Promotes what it can, highest rung first, and fills the batch with new random architectures.

    Attributes:
        max_fidelity: epochs of the highest rung.
        min_fidelity: epochs of the lowest; each rung between has `eta` times those of the one below.
        eta: of a rung's trials one in `eta` is promoted. A trial that failed counts, but is never promoted.
        warm_start: largest, smallest and middle come first.
    """

    max_fidelity: int
    min_fidelity: int = 1
    eta: int = 3
    ranking: Ranking = Ranking.CORRECT
    batch_size: int = 8
    max_trials: int | None = None
    warm_start: bool = False

    def __post_init__(self) -> None:
        check_bounds(self.batch_size, self.max_trials)
        if self.eta < 2:
            raise InputError(f"search.eta must be at least 2, not {self.eta}")
        if not 1 <= self.min_fidelity <= self.max_fidelity:
            raise InputError(
                f"search.min_fidelity must be from 1 to search.max_fidelity={self.max_fidelity} epochs, "
                f"not {self.min_fidelity}"
            )

    @property
    def rungs(self) -> list[int]:
        """Epochs of each rung, ascending."""
        levels = []
        epochs = self.min_fidelity
        while epochs < self.max_fidelity:
            levels.append(epochs)
            epochs *= self.eta
        return [*levels, self.max_fidelity]

    def propose(self, space: SearchSpace, history: Sequence[Trial], rng: np.random.Generator) -> list[Proposal]:
        promotions = self._promotions(history)[: self.batch_size]
        fresh = unseen_proposals(
            space,
            history,
            rng,
            size=self.batch_size - len(promotions),
            draw=lambda: Proposal(space.sample(rng)),
            start=warm_start(space) if self.warm_start else (),
        )
        return [*promotions, *(replace(proposal, fidelity=self.rungs[0]) for proposal in fresh)]

    def breeding(self, history: Sequence[Trial]) -> list[Trial]:
        """Trials below the highest rung that were not promoted yet."""
        promoted = {trial.proposal.resumes for trial in history}
        return [t for t in history if t.ok and t.proposal.fidelity != self.max_fidelity and t.index not in promoted]

    def _promotions(self, history: Sequence[Trial]) -> list[Proposal]:
        promoted = {trial.proposal.resumes for trial in history}
        steps = list(zip(self.rungs, self.rungs[1:], strict=False))
        return [
            Proposal(trial.proposal.architecture, fidelity=above, resumes=trial.index)
            for rung, above in reversed(steps)
            for trial in self._top([trial for trial in history if trial.proposal.fidelity == rung])
            if trial.index not in promoted
        ]

    def _top(self, rung: Sequence[Trial]) -> list[Trial]:
        """The best of a rung's trials, best first."""
        trials = observed(rung)
        if not trials:
            return []
        order = np.argsort(priorities(points(trials), self.ranking))
        return [trials[i] for i in order[: len(rung) // self.eta]]
