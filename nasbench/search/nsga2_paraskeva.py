"""NSGA-II with a cut within each generation (Paraskeva et al. 2024, section 3).

A generation is two batches: its children are pre-trained for phase 0, then the better part of them is resumed, and
joins the parents. All state is replayed from the history, batch by batch.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from nasbench.errors import InputError
from nasbench.records import Proposal, Status, Trial
from nasbench.search.base import check_bounds
from nasbench.search.ranking import observed
from nasbench.search.survival import Crowding, fitness, survivors
from nasbench.search.unseen import unseen_proposals
from nasbench.spaces.base import Inherits, Points, SearchSpace

_log = logging.getLogger(__name__)

CUT_OFF, COMPLETE = 1, 2
"""Fidelities: phase 0 alone, and all of it."""

FOUNDERS = 10
"""So many times the population are drawn at most to find its first members: then the search gives up."""


@dataclass(frozen=True, kw_only=True)
class Nsga2Paraskeva:
    """Begins with mutants of the base, which are trained to the end.

    Attributes:
        population_size: survivors of a generation (mu).
        batch_size: children of a generation (lambda).
        generations: the search ends after so many; None for no such bound.
        keep: share of a generation's children, by the score they were cut by, that is resumed, where so many came to
            the cut; 1 for no cut.
        cut_score: name of that score, the less the better.
        tournament: different members that a parent is the best of: by rank, then by crowding in size, then at random.
        survival_crowding: of the front that is cut.
        finish_last: what the last generation cut off is trained to the end too, for the analysis alone.

    Raises:
        InputError: a value is out of range.
    """

    population_size: int = 8
    generations: int | None = 3
    keep: float = 0.5
    cut_score: str = "mlm_loss"
    tournament: int = 3
    survival_crowding: Crowding = Crowding.ALL
    finish_last: bool = True
    batch_size: int = 12
    max_trials: int | None = None

    def __post_init__(self) -> None:
        check_bounds(self.batch_size, self.max_trials)
        for name in ("population_size", "tournament"):
            if getattr(self, name) < 1:
                raise InputError(f"search.{name} must be at least 1, not {getattr(self, name)}")
        if self.generations is not None and self.generations < 1:
            raise InputError(f"search.generations must be at least 1 or null, not {self.generations}")
        if not 0 < self.keep <= 1:
            raise InputError(f"search.keep, a share of the children, must be above 0 and at most 1, not {self.keep}")

    @property
    def cuts(self) -> bool:
        return self.keep < 1

    def propose(
        self, space: SearchSpace | Inherits, history: Sequence[Trial], rng: np.random.Generator
    ) -> list[Proposal]:
        state = self._replayed(history)
        self._tell(space, state)
        if state.waiting:
            return self._second_batch(state)
        if state.missing:
            return self._founders(space, history, rng, state)
        if state.generation == self.generations:
            return []
        return self._children(space, history, rng, state)

    def breeding(self, history: Sequence[Trial]) -> list[Trial]:
        """The population, and children that wait to be resumed; none after the end."""
        state = self._replayed(history)
        pending = state.waiting or state.pending
        over = state.generation == self.generations and not pending and not state.missing
        return [] if over else [*state.population, *pending]

    def _founders(
        self, space: Points, history: Sequence[Trial], rng: np.random.Generator, state: _State
    ) -> list[Proposal]:
        """Mutants of the base, in place of those that failed too; none where nearly all have."""
        if len(history) >= FOUNDERS * self.population_size:
            _log.warning(
                "of %d networks only %d were trained to the end: no search", len(history), len(state.population)
            )
            return []
        fidelity = COMPLETE if self.cuts else None
        size = min(self.batch_size, state.missing)
        drawn = unseen_proposals(space, history, rng, size=size, draw=lambda: Proposal(space.sample(rng)))
        return [replace(proposal, fidelity=fidelity) for proposal in drawn]

    def _children(
        self, space: Points, history: Sequence[Trial], rng: np.random.Generator, state: _State
    ) -> list[Proposal]:
        rated = fitness(state.population)

        def draw() -> Proposal:
            order = rng.permutation(len(state.population)).tolist()  # the first of equals wins
            winner = state.population[min(order[: self.tournament], key=rated.__getitem__)]
            return Proposal(space.mutate(winner.proposal.architecture, rng), parent=winner.index)

        drawn = unseen_proposals(space, history, rng, size=self.batch_size, draw=draw)
        return [replace(proposal, fidelity=CUT_OFF if self.cuts else None) for proposal in drawn]

    def _second_batch(self, state: _State) -> list[Proposal]:
        """The better part of the children, best first, and at the very end the others for the analysis."""
        chosen = enumerate(state.waiting[: self._resumed(state)])
        return [
            Proposal(child.proposal.architecture, COMPLETE, resumes=child.index, analysis_only=place >= state.kept)
            for place, child in chosen
        ]

    def _tell(self, space: SearchSpace | Inherits, state: _State) -> None:
        """Say what is odd about the generation whose children were evaluated last."""
        number, generation = len(state.children), state.generation
        if self.cuts and number and not state.waiting:
            _log.warning(
                "generation %d: none of its %d children came to the cut with a score %s; the next one has the same "
                "parents",
                generation,
                number,
                self.cut_score,
            )
        if number > 1 and len({space.network(trial.proposal.architecture) for trial in state.children}) == 1:
            _log.warning("generation %d: its %d children are all the same network", generation, number)

    def _resumed(self, state: _State) -> int:
        """How many of the children that wait are trained to the end."""
        last = self.finish_last and state.generation == self.generations
        return len(state.waiting) if last else state.kept

    def _replayed(self, history: Sequence[Trial]) -> _State:
        """What the history leaves: batches are founders, then children and the resumed among them by turns."""
        state = _State(missing=self.population_size)
        for _, rows in groupby(history, key=lambda trial: trial.batch):
            batch = list(rows)
            if any(trial.proposal.resumes is not None for trial in batch):
                done = {trial.proposal.resumes for trial in batch}
                state.pending = [t for t in state.waiting[: self._resumed(state)] if t.index not in done]
                state.waiting, state.children = [], []
            elif state.missing == 0:
                state.generation += 1
                state.children = batch
                if self.cuts:
                    state.waiting = self._ranked(batch)
                    state.kept = min(len(state.waiting), math.ceil(self.keep * len(batch)))
                    continue
            pool = [*state.population, *observed(batch)]
            state.population = survivors(pool, self.population_size, self.survival_crowding)
            state.missing = max(0, self.population_size - len(state.population)) if state.generation == 0 else 0
        return state

    def _ranked(self, children: Sequence[Trial]) -> list[Trial]:
        """Those of a generation's children that can be resumed, best first."""
        able = [t for t in children if t.evaluation.status in (Status.STOPPED, Status.OK)]
        scored = [t for t in able if self.cut_score in t.evaluation.scores]
        return sorted(scored, key=lambda trial: trial.evaluation.scores[self.cut_score])


@dataclass
class _State:
    """Attributes:
    missing: founders that are yet to be found.
    generation: how many have begun.
    children: of the last one, before any is resumed.
    waiting: children of the last one after the cut, best first, before any is resumed.
    kept: how many of those go on: that share of all children, diverged ones too.
    pending: those of them that are still to be resumed, when some have been.
    """

    missing: int
    generation: int = 0
    kept: int = 0
    population: list[Trial] = field(default_factory=list)
    children: list[Trial] = field(default_factory=list)
    waiting: list[Trial] = field(default_factory=list)
    pending: list[Trial] = field(default_factory=list)
