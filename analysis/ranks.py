"""Average ranks of methods over tasks and repetitions, bootstrapped (Feurer et al. 2015; Klein et al. 2024, 4.1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.intervals import CONFIDENCE, Estimate, percentiles
from nasbench import rng

SAMPLES = 1000
"""As in Klein et al. (2024)."""

_COUNTS = 4_000_000
"""Held in memory at once."""

Array = NDArray[np.float64]
Drawn = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AverageRanks:
    """Average ranks [methods, steps] over bootstrap samples, 1 the best, and the ends of their percentile intervals."""

    mean: Array
    low: Array
    high: Array


def average_ranks(losses: ArrayLike) -> Array:
    """Ranks [methods, steps] among the methods of equal task and repetition, averaged over both.

    Losses [methods, tasks, repetitions, steps], lower is better: a regret, or a negated hypervolume. Equal losses share
    the mean of their ranks.

    Raises:
        ValueError: losses are not of four dimensions, or one is not finite.
    """
    from scipy import stats  # here, because it loads slowly and few figures need it

    return np.asarray(stats.rankdata(_losses(losses), axis=0).mean(axis=(1, 2)))


def bootstrap_ranks(
    losses: ArrayLike,
    *,
    paired: bool = False,
    samples: int = SAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> AverageRanks:
    """Average ranks [methods, steps] of bootstrap samples, at each step of losses as in `average_ranks`.

    A sample draws tasks with replacement and, in each, as many repetitions of every method as there are; the methods'
    n-th draws are ranked against each other. Every method's repetitions are drawn for themselves, as repetitions of
    different methods have nothing in common in the paper; with `paired` one draw serves all methods, which is narrower
    where what a seed decides (data order, sub-networks) moves all methods alike. All steps share a sample's draws.

    Raises:
        ValueError: as `average_ranks`.
    """
    array = _losses(losses)
    drawn = _draws(array.shape, rng.generator(seed, "analysis.ranks"), samples, paired)
    ranks = np.ones((array.shape[0], samples, array.shape[3]))
    for i in range(len(array)):
        for j in range(i):
            above = _mean_above(array[i], array[j], drawn[0], drawn[1][i], drawn[1][j])
            ranks[i] += above
            ranks[j] += 1 - above
    low, high = np.quantile(ranks, [(1 - confidence) / 2, (1 + confidence) / 2], axis=1)
    return AverageRanks(ranks.mean(axis=1), low, high)


def ranks_over_tasks(
    losses: Sequence[Sequence[ArrayLike]],
    *,
    confidence: float = CONFIDENCE,
    samples: int = SAMPLES,
    seed: int = 0,
) -> list[Estimate]:
    """The rank of each method by its mean loss on a task, averaged over tasks, with a percentile bootstrap interval.

    A sample draws tasks with replacement and, in each, as many repetitions of every method as it has. With few tasks
    the intervals are too narrow, for their samples know no others. Equal means share the mean of their ranks.

    Args:
        losses: of each method, of each task its repetitions [n], lower is better; n may differ.

    Returns:
        An estimate a method, whose `n` counts tasks.

    Raises:
        ValueError: methods differ in tasks, there are none, or a loss is missing or not finite.
    """
    from scipy import stats

    arrays = [[np.asarray(task, dtype=np.float64) for task in tasks] for tasks in losses]
    if not arrays or not arrays[0] or len({len(tasks) for tasks in arrays}) > 1:
        raise ValueError("every method must have losses of the same tasks, one at least")
    if not all(task.ndim == 1 and task.size and np.isfinite(task).all() for tasks in arrays for task in tasks):
        raise ValueError("losses of a method on a task must be finite, one at least")
    stream = rng.generator(seed, "analysis.ranks_over_tasks")
    number = len(arrays[0])
    of_tasks = stream.integers(number, size=(samples, number))
    drawn = [[_means(task, stream, of_tasks.shape) for task in tasks] for tasks in arrays]
    ranks = stats.rankdata(np.array(drawn), axis=0)  # [methods, tasks, samples, draws of a task]
    rows, columns = np.indices(of_tasks.shape)
    averages = ranks[:, of_tasks, rows, columns].mean(axis=-1)  # [methods, samples]
    known = stats.rankdata([[task.mean() for task in tasks] for tasks in arrays], axis=0).mean(axis=1)
    return [Estimate(float(known[i]), percentiles(averages[i], confidence), number) for i in range(len(arrays))]


def _means(values: Array, stream: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Means of as many values as there are, drawn with replacement."""
    return np.asarray(values[stream.integers(len(values), size=(*shape, len(values)))].mean(axis=-1))


def _draws(
    shape: tuple[int, ...], stream: np.random.Generator, samples: int, paired: bool
) -> tuple[Drawn, tuple[Drawn, ...]]:
    """Tasks [samples, tasks], and of each method the repetitions drawn in them [samples, tasks, repetitions]."""
    methods, tasks, repetitions, _ = shape
    of_tasks = stream.integers(tasks, size=(samples, tasks))
    own = [stream.integers(repetitions, size=(samples, tasks, repetitions)) for _ in range(1 if paired else methods)]
    return of_tasks, tuple(own * methods if paired else own)


def _mean_above(a: Array, b: Array, tasks: Drawn, of_a: Drawn, of_b: Drawn) -> Array:
    """How often drawn losses of `a` [tasks, repetitions, steps] are above those of `b`, ties half: [samples, steps].

    Every pair of repetitions is compared once; a sample then only says how often it has drawn which pair. Summed over
    the other methods and added to 1, this is a mean rank.
    """
    samples, drawn, repetitions = len(tasks), tasks.shape[1], a.shape[1]
    # Sums of ones and halves: exact in single precision too, as long as they are not in the millions.
    number = np.float32 if drawn * repetitions < 2**23 else np.float64
    outcomes = (a[:, :, None] > b[:, None]) + number(0.5) * (a[:, :, None] == b[:, None])  # [tasks, of a, of b, steps]
    pairs = outcomes.reshape(-1, outcomes.shape[-1])
    index = (tasks[:, :, None] * repetitions + of_a) * repetitions + of_b
    means = np.empty((samples, pairs.shape[1]))
    at_once = max(1, _COUNTS // len(pairs))
    for first in range(0, samples, at_once):
        some = index[first : first + at_once].reshape(-1, drawn * repetitions)
        places = some + len(pairs) * np.arange(len(some))[:, None]
        counts = np.bincount(places.ravel(), minlength=len(some) * len(pairs)).reshape(len(some), len(pairs))
        means[first : first + at_once] = counts.astype(number) @ pairs
    return means / (drawn * repetitions)


def _losses(losses: ArrayLike) -> Array:
    array = np.asarray(losses, dtype=np.float64)
    if array.ndim != 4 or not array.size:
        raise ValueError(f"losses must be [methods, tasks, repetitions, steps], not of shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("losses must be finite: rank methods over the tasks and repetitions that all of them have")
    return array
