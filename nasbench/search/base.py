"""What a search method is: one pure function from what was seen to what to try next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from nasbench.errors import InputError
from nasbench.records import Proposal, Trial
from nasbench.spaces.base import SearchSpace


class SearchMethod(Protocol):
    """A search method. Fields are configuration; all state is derived from the history.

    Attributes:
        batch_size: proposals asked for at a time. The batch is the unit of parallelism, and part of the science:
            results come back in its order, whatever the number of workers.
        max_trials: the search ends after so many trials; None for no such bound.
    """

    @property
    def batch_size(self) -> int: ...

    @property
    def max_trials(self) -> int | None: ...

    def propose(self, space: SearchSpace, history: Sequence[Trial], rng: np.random.Generator) -> list[Proposal]:
        """What to evaluate next; an empty list ends the search.

        Args:
            space: the search space, bound to the network.
            history: the trials so far, in order, failed ones among them; validation objectives only.
            rng: the stream of this call, keyed by (seed, "search", len(history)).

        Returns:
            At most `batch_size` proposals.
        """


@runtime_checkable
class HasDemands(Protocol):
    """Optional capability: a method that cannot work on every problem says so before anything is trained."""

    def check_problem(self, space: SearchSpace, objectives: int) -> None:
        """Raises InputError where the method cannot work on this space, or with so many objectives."""


@runtime_checkable
class Breeds(Protocol):
    """Optional capability: a method whose proposals go on from the weights of earlier trials."""

    def breeding(self, history: Sequence[Trial]) -> list[Trial]:
        """The trials that a later proposal may resume or descend from: their weights are kept until it cannot."""


@runtime_checkable
class Cuts(Protocol):
    """Optional capability: a method that resumes the better part of a batch, by a score that is no objective."""

    @property
    def cuts(self) -> bool: ...

    @property
    def cut_score(self) -> str:
        """Its name among the scores of trials that stopped early."""


def check_bounds(batch_size: int, max_trials: int | None) -> None:
    """The range checks that every search method's `__post_init__` makes."""
    if batch_size < 1:
        raise InputError(f"search.batch_size must be at least 1, not {batch_size}")
    if max_trials is not None and max_trials < 1:
        raise InputError(f"search.max_trials must be at least 1 or null, not {max_trials}")
