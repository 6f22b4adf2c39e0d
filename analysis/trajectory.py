"""Hypervolume of the validation front as a run spends its budget: a step function of COST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.clusters import clusters
from analysis.comparison import Comparison
from analysis.regret import changes, elapsed, hypervolumes, on_grid
from nasbench.results import Run

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A right-continuous step function: `values[i]` holds from `epochs[i]` to the next.

    Attributes:
        epochs: COST [n] in training epochs of the full network, ascending from 0.
        values: hypervolume [n].
    """

    epochs: NDArray[np.float64]
    values: NDArray[np.float64]

    def at(self, epochs: ArrayLike) -> NDArray[np.float64]:
        """Hypervolume at some COST [k]; beyond the last step it stays as it is."""
        return on_grid(self.epochs, self.values, epochs)


def trajectory(run: Run) -> Trajectory:
    """Validation hypervolume over COST, in the run's raw objectives, reference (1, ..., 1).

    It is 0 until the first trial ends, so what a method spends before (training of a super-network) counts.
    """
    return Trajectory(np.append(0.0, elapsed(run, "cost")), np.append(0.0, hypervolumes(run)))


def spent_epochs(run: Run) -> float:
    """All COST billed to a run, phases and trials, in training epochs of the full network."""
    billed = sum(phase.cost for phase in run.phases) + sum(run.columns.cost.tolist())
    return billed / run.header.epoch_macs


def horizon(comparison: Comparison) -> float:
    """Where the axis of COST ends, in epochs: at the common budget, or where the longest run ends if that is later."""
    longest = max((spent_epochs(run) for run in comparison.finished()), default=0.0)
    budget = comparison.budget_epochs
    return longest if budget is None else max(budget, longest)


def hypervolume_over_cost(comparison: Comparison) -> pd.DataFrame:
    """Mean and range over seeds of the validation hypervolume of each method, wherever any of its seeds' changes.

    Seeds that share a super-network count as one (`analysis.clusters`).

    Columns: method, cost_epochs, mean, low, high, seeds. Each method begins at 0 and extends flat to `horizon`.
    """
    import pandas as pd

    end = horizon(comparison)
    frames = []
    for label in comparison.methods:
        groups = [[trajectory(run) for run in cluster] for cluster in clusters(comparison.finished(label))]
        if not groups:
            continue
        grid = np.unique(
            np.concatenate([*(changes(s.epochs, s.values) for steps in groups for s in steps), [0.0, end]])
        )
        values = np.stack([np.mean([s.at(grid) for s in steps], axis=0) for steps in groups])  # [repetitions, grid]
        columns = {"mean": values.mean(0), "low": values.min(0), "high": values.max(0), "seeds": len(groups)}
        frames.append(pd.DataFrame({"method": label, "cost_epochs": grid, **columns}))
    names = ["method", "cost_epochs", "mean", "low", "high", "seeds"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=names)
