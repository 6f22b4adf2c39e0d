"""Whether methods differ over many tasks: Friedman's test, and Nemenyi's critical difference (Demšar 2006)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalDifference:
    """What a critical-difference diagram shows.

    Attributes:
        ranks: average rank of each method over the tasks, 1 the best.
        friedman: p-value of "all methods are alike". Only where it is small do the differences mean something.
        difference: by how much average ranks must differ to be significantly different.
        groups: largest sets of methods, by index and from the best, in which no two differ by that much: the bars.
    """

    ranks: tuple[float, ...]
    friedman: float
    difference: float
    groups: tuple[tuple[int, ...], ...]


def critical_difference(losses: ArrayLike, *, alpha: float = 0.05) -> CriticalDifference:
    """Compare methods by losses [methods, tasks], lower is better: one number a task, so average repetitions before.

    Equal losses share the mean of their ranks. Demšar (2006), section 3.2.2.

    Raises:
        ValueError: there are fewer than three methods or two tasks, or a loss is not finite.
    """
    from scipy import stats  # here, because it loads slowly and few figures need it

    array = np.asarray(losses, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] < 3 or array.shape[1] < 2:
        raise ValueError(f"losses must be [methods, tasks], of 3 methods and 2 tasks at least, not {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("losses must be finite: compare methods over the tasks that all of them have")
    ranks = stats.rankdata(array, axis=0)
    means = ranks.mean(axis=1)
    differ = bool((ranks != ranks[:1]).any())  # where all tie everywhere, the statistic is 0 / 0
    difference = nemenyi(*array.shape, alpha=alpha)
    return CriticalDifference(
        ranks=tuple(means.tolist()),
        friedman=float(stats.friedmanchisquare(*array).pvalue) if differ else 1.0,
        difference=difference,
        groups=_groups(means.tolist(), difference),
    )


def nemenyi(methods: int, tasks: int, *, alpha: float = 0.05) -> float:
    """The critical difference of average ranks: q_alpha * sqrt(k (k + 1) / (6 N)), Demšar (2006), equation 4."""
    from scipy import stats

    quantile = float(stats.studentized_range.ppf(1 - alpha, methods, np.inf)) / 2**0.5
    return float(quantile * (methods * (methods + 1) / (6 * tasks)) ** 0.5)


def _groups(ranks: list[float], difference: float) -> tuple[tuple[int, ...], ...]:
    order = sorted(range(len(ranks)), key=lambda method: (ranks[method], method))
    reach = [tuple(m for m in order[i:] if ranks[m] - ranks[best] < difference) for i, best in enumerate(order)]
    # One that begins later but ends where the one before it ends is a part of that one.
    longest = [group for i, group in enumerate(reach) if not i or group[-1] != reach[i - 1][-1]]
    return tuple(group for group in longest if len(group) > 1)
