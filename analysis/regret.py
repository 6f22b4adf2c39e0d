"""Hypervolume and regret of a run as it goes on, over COST, seconds or trials, raw or in normalised space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.normalisation import QuantileTransform, validation_points
from nasbench.pareto import hypervolume, hypervolume_trajectory
from nasbench.results import Run

Array = NDArray[np.float64]


def elapsed(run: Run, clock: str) -> Array:
    """What had been spent [n] when each trial that has objectives ended, in their order.

    Args:
        clock: `cost`, all COST in training epochs of the full network; `seconds`, wall-clock seconds of phases and
            trials, of which parallel trials add up; `trials`, all trials, those without objectives too.

    Raises:
        ValueError: there is no such clock.
    """
    clocks = {"cost": _cost, "seconds": _seconds, "trials": _trials}
    if clock not in clocks:
        raise ValueError(f"there is no clock {clock}: use {', '.join(clocks)}")
    return clocks[clock](run)[run.columns.ok]


def hypervolumes(run: Run, transform: QuantileTransform | None = None) -> Array:
    """Hypervolume [n] of the validation front after each trial that has objectives.

    Raw objectives have the reference point (1, ..., 1), those that a transform normalises (2, ..., 2).
    """
    points = validation_points(run)
    if transform is None:
        return hypervolume_trajectory(points, [1.0] * points.shape[1])
    return hypervolume_trajectory(transform(points), transform.reference)


def best_seen(fronts: Iterable[ArrayLike], reference: Sequence[float]) -> float:
    """Hypervolume of all points [n, m] of all runs together: what regret is measured from where no true front is known.

    Klein et al. (2024), section 4.1, "the best possible hypervolume". A true front is given as the only one.
    """
    points = [np.asarray(front, dtype=np.float64).reshape(-1, len(reference)) for front in fronts]
    return hypervolume(np.concatenate(points), reference) if points else 0.0


def regret(values: ArrayLike, best: float) -> Array:
    """How far hypervolumes are below the best one, [...]; negative where a given front is not the best."""
    return best - np.asarray(values, dtype=np.float64)


def on_grid(times: ArrayLike, values: ArrayLike, grid: ArrayLike, *, before: float = 0.0) -> Array:
    """A step function, given by ascending times [n] and the values [n] from each on, at the points of a grid [k].

    `before` is its value before the first time; after the last it stays as it is, so methods that end early extend
    flat. Where several values have one time, the last counts.
    """
    known = np.concatenate([[before], np.asarray(values, dtype=np.float64)])
    return known[np.searchsorted(np.asarray(times, dtype=np.float64), np.asarray(grid), side="right")]


def changes(times: ArrayLike, values: ArrayLike, *, before: float = 0.0) -> Array:
    """When a step function, given as to `on_grid`, changes its value [k]: all that a grid needs of it."""
    known = np.asarray(values, dtype=np.float64)
    return np.asarray(times, dtype=np.float64)[np.diff(known, prepend=before) != 0]


def _cost(run: Run) -> Array:
    return run.columns.spent / run.header.epoch_macs


def _trials(run: Run) -> Array:
    return np.arange(1, len(run.trials) + 1, dtype=np.float64)


def _seconds(run: Run) -> Array:
    """Phases lie before the trials in whose COST so far theirs is contained."""
    of_phases = run.columns.spent - np.cumsum(run.columns.cost)
    ended = np.searchsorted(np.cumsum([phase.cost for phase in run.phases], dtype=np.int64), of_phases, side="right")
    before = np.concatenate([[0.0], np.cumsum([phase.seconds for phase in run.phases])])
    return np.cumsum(run.columns.seconds) + before[ended]
