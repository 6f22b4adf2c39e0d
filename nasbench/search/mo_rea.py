"""MO-REA: regularised evolution (Real et al. 2019, Algorithm 1) with non-dominated rank for fitness.

Klein et al. 2024, appendix D. The population is the latest trials with objectives: the oldest leaves for the newest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import InputError
from nasbench.pareto import ranks
from nasbench.records import Proposal, Trial
from nasbench.search.base import check_bounds
from nasbench.search.ranking import Ranking, observed, points, priorities
from nasbench.search.unseen import unseen_proposals, warm_start
from nasbench.spaces.base import SearchSpace


@dataclass(frozen=True, kw_only=True)
class RegularizedEvolution:
    """Draws random architectures until the population is full, then mutates the best of a sample of it.

    Attributes:
        sample_size: members drawn, with replacement, of which the best by non-dominated rank is the parent; equal
            ones are equally likely.
        warm_start: largest, smallest and middle come first.
    """

    population_size: int = 10
    sample_size: int = 5
    ranking: Ranking = Ranking.CORRECT
    batch_size: int = 1
    max_trials: int | None = None
    warm_start: bool = False

    def __post_init__(self) -> None:
        check_bounds(self.batch_size, self.max_trials)
        if self.population_size < 1:
            raise InputError(f"search.population_size must be at least 1, not {self.population_size}")
        if self.sample_size < 1:
            raise InputError(f"search.sample_size must be at least 1, not {self.sample_size}")

    def propose(self, space: SearchSpace, history: Sequence[Trial], rng: np.random.Generator) -> list[Proposal]:
        trials = observed(history)
        population = trials[-self.population_size :]
        missing = self.population_size - len(population)
        fitness = np.zeros(0, dtype=np.int64) if missing else self._fitness(trials)

        def draw() -> Proposal:
            if missing:
                return Proposal(space.sample(rng))
            sample = np.unique(rng.integers(len(population), size=self.sample_size))
            best = sample[fitness[sample] == fitness[sample].min()]
            parent = population[rng.choice(best)]
            return Proposal(space.mutate(parent.proposal.architecture, rng), parent=parent.index)

        return unseen_proposals(
            space,
            history,
            rng,
            size=min(self.batch_size, missing or self.batch_size),
            draw=draw,
            start=warm_start(space) if self.warm_start else (),
        )

    def _fitness(self, trials: Sequence[Trial]) -> NDArray[np.int64]:
        """Of the population's members, least best.

        The library behind the published experiments ranked them together with the one that had just left.
        """
        if self.ranking is Ranking.CORRECT:
            return ranks(points(trials[-self.population_size :]))
        return priorities(points(trials[-self.population_size - 1 :]), self.ranking)[-self.population_size :]
