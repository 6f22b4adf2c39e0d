"""NSGA-II: evolution with non-dominated sorting and crowding (Deb et al. 2002).

The batch is the generation: its children join their parents, and the best of both survive. Which they are is replayed
from the history, batch by batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from nasbench.errors import InputError
from nasbench.records import Architecture, Proposal, Trial
from nasbench.search.base import check_bounds
from nasbench.search.fronts import Fronts
from nasbench.search.ranking import observed, points
from nasbench.search.unseen import unseen_proposals, warm_start
from nasbench.spaces.base import Crosses, SearchSpace


@dataclass(frozen=True, kw_only=True)
class NSGA2:
    """Draws random architectures until the population is full.

    Attributes:
        population_size: survivors of a generation (mu).
        batch_size: children of a generation (lambda).
        crossover: probability that a child has two parents, in spaces that can recombine.
        mutation: probability that such a child is mutated too; one of a single parent always is.
        warm_start: largest, smallest and middle come first.
    """

    population_size: int = 10
    crossover: float = 0.9
    mutation: float = 0.7
    batch_size: int = 10
    max_trials: int | None = None
    warm_start: bool = False

    def __post_init__(self) -> None:
        check_bounds(self.batch_size, self.max_trials)
        if self.population_size < 2:
            raise InputError(f"search.population_size must be at least 2, not {self.population_size}")
        for name in ("crossover", "mutation"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"search.{name} must be a probability from 0 to 1, not {getattr(self, name)}")

    def propose(self, space: SearchSpace, history: Sequence[Trial], rng: np.random.Generator) -> list[Proposal]:
        trials = observed(history)
        missing = self.population_size - len(trials)
        fitness = {} if missing > 0 else self._population(trials).fitness()

        def draw() -> Proposal:
            if missing > 0:
                return Proposal(space.sample(rng))
            first, second = (trials[i] for i in _parents(fitness, rng))
            child = self._child(space, first.proposal.architecture, second.proposal.architecture, rng)
            return Proposal(child, parent=first.index)

        return unseen_proposals(
            space,
            history,
            rng,
            size=min(self.batch_size, missing if missing > 0 else self.batch_size),
            draw=draw,
            start=warm_start(space) if self.warm_start else (),
        )

    def _population(self, trials: Sequence[Trial]) -> Fronts:
        """The survivors of the last generation, among all trials that have objectives."""
        population = Fronts.of(points(trials))
        for _, generation in groupby(range(len(trials)), key=lambda i: trials[i].batch):
            population.survive(list(generation), self.population_size)
        return population

    def _child(
        self, space: SearchSpace, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        if not isinstance(space, Crosses) or rng.random() >= self.crossover:
            return space.mutate(first, rng)
        child = space.crossover(first, second, rng)
        return space.mutate(child, rng) if rng.random() < self.mutation else child


def _parents(fitness: Mapping[int, tuple[int, float]], rng: np.random.Generator) -> tuple[int, int]:
    """Two different members, each the winner of a binary tournament of different ones; ties are drawn."""
    members = sorted(fitness)
    order = [members[i] for i in rng.permutation(len(members)).tolist()]  # the first of equals wins
    first = min(order[:2], key=fitness.__getitem__)
    others = [members[i] for i in rng.permutation(len(members)).tolist() if members[i] != first]
    return first, min(others[:2], key=fitness.__getitem__)
