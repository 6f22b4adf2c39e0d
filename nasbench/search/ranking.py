"""How trials are ordered by several objectives: by non-dominated rank, and within a front by spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench.pareto import ranks
from nasbench.records import Trial


class Ranking(StrEnum):
    """What an item's priority is.

    Attributes:
        CORRECT: its place in the order of all items.
        AS_PUBLISHED: what stands at its index in the list of the items' indices, best first. The library behind the
            published experiments took the one for the other; kept to measure what that did.
    """

    CORRECT = "correct"
    AS_PUBLISHED = "as_published"


def observed(history: Sequence[Trial]) -> list[Trial]:
    """The trials with objectives: failed, diverged and stopped ones have none."""
    return [trial for trial in history if trial.ok and all(map(math.isfinite, trial.evaluation.validation.values()))]


def points(trials: Sequence[Trial]) -> NDArray[np.float64]:
    """Objectives [n, m] of trials that have them, minimised, in the order of `Evaluation.validation`."""
    return np.array([list(trial.evaluation.validation.values()) for trial in trials])


def front(trials: Sequence[Trial]) -> list[Trial]:
    """Of trials that have objectives those that none dominates; equally good ones all count."""
    if not trials:
        return []
    return [trial for trial, rank in zip(trials, ranks(points(trials)).tolist(), strict=True) if rank == 0]


def front_order(values: ArrayLike) -> NDArray[np.int64]:
    """Indices [n] of the points [n, m], best first: front by front, each from one end of it and well spread.

    Non-dominated sorting with an epsilon-net within fronts (Schmucker et al. 2021, section 3.1).
    """
    array = np.asarray(values, dtype=np.float64)
    rank = ranks(array)
    fronts = [np.flatnonzero(rank == r) for r in np.unique(rank)]
    return np.concatenate([front[_epsilon_net(array[front])] for front in fronts])


def _epsilon_net(front: NDArray[np.float64]) -> list[int]:
    """An order of the points [n, m]: least first objective first, then always the one farthest from all before it.

    Greedy permutation (Clarkson 2006, section 3.1). Objectives are scaled by their ranges, so their units don't count.
    """
    spans = np.ptp(front, axis=0)
    scaled = front / np.where(spans > 0, spans, 1.0)
    order = [int(np.argmin(scaled[:, 0]))]
    distance = np.linalg.norm(scaled - scaled[order[0]], axis=1)
    distance[order[0]] = -1.0
    while len(order) < len(front):
        order.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.linalg.norm(scaled - scaled[order[-1]], axis=1))
        distance[order] = -1.0
    return order


def priorities(values: ArrayLike, ranking: Ranking) -> NDArray[np.int64]:
    """Priority [n] of each of the points [n, m]: 0 for the best."""
    order = front_order(values)
    return order if ranking is Ranking.AS_PUBLISHED else np.argsort(order)
