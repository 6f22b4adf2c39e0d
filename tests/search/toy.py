"""Searches without networks: toy problems on a lattice, and the loop of a run around a search method."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench import rng
from nasbench.pareto import hypervolume
from nasbench.records import Architecture, Evaluation, Proposal, Sizes, Status, SubNetwork, Trial
from nasbench.search.base import SearchMethod
from nasbench.spaces.base import IntegerSpace, SearchSpace

Objectives = Callable[[Architecture], Sequence[float] | Status]
"""The objectives of an architecture, or the status of a trial without any."""


def lattice(*sizes: int) -> IntegerSpace:
    """The vectors with entries 0 .. size - 1; they stand for no networks."""
    return IntegerSpace(
        name="lattice",
        lower=(0,) * len(sizes),
        upper=tuple(size - 1 for size in sizes),
        decode=lambda values: SubNetwork((), (), ()),
        invert=lambda network: (0,) * len(sizes),
    )


ZDT1_SPACE = lattice(*[21] * 6)


def zdt1(architecture: Architecture) -> tuple[float, float]:
    """ZDT1 (Zitzler et al. 2000) on six variables of 21 values; its front is g = 1, f2 = 1 - sqrt(f1)."""
    x = ZDT1_SPACE.encode(architecture)
    g = 1 + 9 * x[1:].mean()
    return float(x[0]), float(g * (1 - np.sqrt(x[0] / g)))


def dtlz2(architecture: Architecture) -> tuple[float, float]:
    """DTLZ2 (Deb et al. 2002) with two objectives, on the same lattice; its front is a quarter of the unit circle."""
    x = ZDT1_SPACE.encode(architecture)
    g = ((x[1:] - 0.5) ** 2).sum()
    return float((1 + g) * np.cos(x[0] * np.pi / 2)), float((1 + g) * np.sin(x[0] * np.pi / 2))


def trial(index: int, proposal: Proposal, outcome: Sequence[float] | Status, batch: int | None = None) -> Trial:
    """What a run stores of a proposal; a batch of its own unless one is given."""
    if isinstance(outcome, Status):
        evaluation = Evaluation(status=outcome, cost=1, sizes=Sizes(1, 1, 1))
    else:
        validation = {f"objective_{i}": float(value) for i, value in enumerate(outcome)}
        evaluation = Evaluation(status=Status.OK, cost=1, sizes=Sizes(1, 1, 1), validation=validation)
    return Trial(index, index if batch is None else batch, proposal, evaluation, spent=index + 1)


def drive(search: SearchMethod, space: SearchSpace, objectives: Objectives, trials: int, seed: int = 0) -> list[Trial]:
    """What a run does: whole batches until the method ends or there are so many trials."""
    history: list[Trial] = []
    while len(history) < trials:
        proposals = search.propose(space, history, rng.generator(seed, "search", len(history)))
        if not proposals:
            break
        batch = len(history)
        for proposal in proposals[: trials - batch]:
            history.append(trial(len(history), proposal, objectives(proposal.architecture), batch))
    return history


def values(history: Sequence[Trial]) -> NDArray[np.float64]:
    """Objectives [n, m] of the trials that have them."""
    return np.array([list(t.evaluation.validation.values()) for t in history if t.ok])


def volume(history: Sequence[Trial], reference: Sequence[float]) -> float:
    return hypervolume(values(history), reference)
