"""Two methods compared seed by seed: what a seed decides moves both alike and falls out of the difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.intervals import CONFIDENCE, SAMPLES, Estimate, mean_bootstrap, mean_t


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """How much A is above B, on average over pairs.

    Attributes:
        t, bootstrap: the mean difference with Student's and with a bootstrap interval.
        wilcoxon: p-value of Wilcoxon's signed-rank test of "no difference", two-sided. With n pairs it cannot fall
            below 2 ** (1 - n): five pairs never reach 0.05.
    """

    t: Estimate
    bootstrap: Estimate
    wilcoxon: float


def paired_difference(
    a: ArrayLike, b: ArrayLike, *, confidence: float = CONFIDENCE, samples: int = SAMPLES, seed: int = 0
) -> PairedDifference:
    """The differences a - b of values [n] and [n], the i-th of both being a pair.

    Raises:
        ValueError: they differ in number, there are none, or one is not finite.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"pairs need as many values of one as of the other, not {first.shape} and {second.shape}")
    differences = first - second
    return PairedDifference(
        t=mean_t(differences, confidence=confidence),
        bootstrap=mean_bootstrap(differences, confidence=confidence, samples=samples, seed=seed),
        wilcoxon=signed_rank(differences),
    )


def signed_rank(differences: ArrayLike) -> float:
    """The p-value of Wilcoxon's signed-rank test that differences [n] lie around 0, two-sided."""
    from scipy import stats  # here, because it loads slowly and few figures need it

    array = np.asarray(differences, dtype=np.float64)
    return float(stats.wilcoxon(array).pvalue) if array.any() else 1.0  # without a difference there is nothing to rank


def common_seeds(a: Mapping[int, float], b: Mapping[int, float]) -> tuple[list[float], list[float]]:
    """The values of the seeds that both have, in the order of seeds: what `paired_difference` takes."""
    shared = sorted(a.keys() & b.keys())
    return [a[seed] for seed in shared], [b[seed] for seed in shared]
