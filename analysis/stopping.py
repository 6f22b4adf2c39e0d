"""What stopping the worse half of candidates early would have saved and lost, from the curves of all that finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.candidates import PRE_TRAINING, Candidate, error
from analysis.correlation import top_half_overlap
from nasbench.results import Run

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A candidate's training in full.

    Attributes:
        progress: share of its pre-training steps done at each point [n], ascending to 1.
        losses: held-out loss [n]; the mean training loss since the point before where that was not measured throughout.
        costs: MACs spent at each point [n], fine-tuning not counted.
        total: MACs of all phases, fine-tuning too.
        error: of the finished network, lower is better.
    """

    progress: Array
    losses: Array
    costs: Array
    total: float
    error: float

    def seen(self, at: float) -> int:
        """How many points there are up to a share of the steps.

        Raises:
            ValueError: there is none yet.
        """
        points = int(np.searchsorted(self.progress, at + 1e-9, side="right"))
        if points == 0:
            raise ValueError(f"nothing is known of a curve at {at:.0%} that begins at {self.progress[0]:.0%}")
        return points


Rule = Callable[[Curve, float], float]
"""What a candidate is judged by at a share of its steps, lower is better."""


def last_seen(curve: Curve, at: float) -> float:
    """The last loss before the decision: successive halving (Jamieson and Talwalkar 2016)."""
    return float(curve.losses[curve.seen(at) - 1])


def extrapolated(curve: Curve, at: float) -> float:
    """What the curve so far comes to at the end: least squares of the loss against the logarithm of progress.

    Two points are needed: of one it is the loss itself.
    """
    seen = curve.seen(at)
    if seen < 2:
        return last_seen(curve, at)
    _, intercept = np.polyfit(np.log(curve.progress[:seen]), curve.losses[:seen], 1)
    return float(intercept)  # the logarithm of all progress is 0


RULES: dict[str, Rule] = {"successive halving": last_seen, "extrapolation": extrapolated}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Of stopping the worse half.

    Attributes:
        saved: share of the COST of all candidates.
        lost: by how much the best error of those kept is above the best of all.
        overlap: share of the better half by final error that is kept; 0.5 is chance.
    """

    saved: float
    lost: float
    overlap: float


def stop(curves: Sequence[Curve], at: float, rule: Rule) -> Outcome:
    """Keep the better half (of an odd number the larger one) by a rule after a share of the steps; of equals the first.

    Raises:
        ValueError: there are fewer than two.
    """
    if len(curves) < 2:
        raise ValueError(f"of {len(curves)} curves none can be stopped")
    judged = [rule(curve, at) for curve in curves]
    order = sorted(range(len(curves)), key=lambda i: (judged[i], i))
    kept, cut = order[: -(-len(curves) // 2)], order[-(-len(curves) // 2) :]
    rest = sum(curves[i].total - curves[i].costs[curves[i].seen(at) - 1] for i in cut)
    errors = [curve.error for curve in curves]
    return Outcome(
        saved=float(rest / sum(curve.total for curve in curves)),
        lost=min(errors[i] for i in kept) - min(errors),
        overlap=top_half_overlap(judged, errors),
    )


def curve_of(run: Run, candidate: Candidate) -> Curve | None:
    """The curve of a candidate that finished both phases; None of others.

    Of its held-out losses, for those are what the search itself cuts by.
    """
    stages = candidate.stages
    if not candidate.finished or not all(name in stages and stages[name].curve for name in PRE_TRAINING):
        return None
    watched = all(held_out is not None for name in PRE_TRAINING for _, _, held_out in stages[name].curve)
    steps, losses, costs = [], [], []
    steps_before, cost_before = 0, 0.0
    for stage in (stages[name] for name in PRE_TRAINING):
        for step, loss, held_out in stage.curve:
            steps.append(steps_before + step)
            losses.append(held_out if watched else loss)
            costs.append(cost_before + stage.cost * step / stage.steps)
        steps_before, cost_before = steps_before + stage.steps, cost_before + stage.cost
    return Curve(
        progress=np.array(steps, dtype=np.float64) / steps_before,
        losses=np.array(losses, dtype=np.float64),
        costs=np.array(costs, dtype=np.float64),
        total=float(sum(stage.cost for stage in stages.values())),
        error=error(run, candidate.trials[-1]),
    )
