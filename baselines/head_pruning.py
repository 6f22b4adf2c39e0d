"""Head pruning (HP), Michel et al. 2019: the heads of a fine-tuned network, least important first, without retraining.

`importance`, `pruning_order` and `schedule` take a transformers model and give scores, an order and masks.
`HeadPruning` is the method of the comparison: a trial for each share of the heads (Klein et al. 2024, section 4.2).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from baselines.calibration import Calibration, Sample
from baselines.fine_tuning import fine_tuned
from baselines.head_importance import Score, importance, most_that_go, pruning_order, schedule
from baselines.masks import Mask, network_of
from baselines.post_training import PruningSession, gradient_phase, upfront_price
from nasbench.cost import training_macs
from nasbench.errors import InputError
from nasbench.models.elastic import ElasticModel
from nasbench.models.extraction import extract
from nasbench.problem import Problem
from nasbench.records import SubNetwork
from nasbench.spaces.large import Large

__all__ = ["HeadPruning", "Score", "importance", "pruning_order", "schedule"]


@dataclass(frozen=True, kw_only=True)
class HeadPruning:
    """Attributes:
    points: trials; the k-th has k / points of all heads pruned.
    exact: compute the importance anew before each trial, on what the last one left, instead of once.
    at_least_per_layer: heads of each layer that stay whatever their importance; the last trials are then left out.
    calibration: the examples of gradients (a `baselines.calibration.Calibration`).
    """

    name: str = "head_pruning"
    points: int = 20
    score: Score = Score.EXAMPLE
    normalise_by_layer: bool = True
    exact: bool = False
    at_least_per_layer: int = 0
    calibration: Any = field(default_factory=Calibration)

    def __post_init__(self) -> None:
        if self.points < 1:
            raise InputError(f"method.points, a number of trials, must be at least 1, not {self.points}")

    def upfront_price(self, problem: Problem) -> int:
        self._counts(problem)
        return upfront_price(problem, self._sample(problem))

    def start(self, problem: Problem) -> PruningSession:
        model, trained = fine_tuned(problem)
        started = time.perf_counter()
        sample = self._sample(problem)
        masks = schedule(
            model,
            sample.batches(),
            self._counts(problem),
            exact=self.exact,
            score=self.score,
            normalise_by_layer=self.normalise_by_layer,
            at_least_per_layer=self.at_least_per_layer,
        )
        plan = _Plan(problem=problem, model=model, sample=sample, masks=masks, exact=self.exact)
        plan.network(0)
        gradients = gradient_phase(problem, sample, seconds=time.perf_counter() - started)
        space = Large().bind(problem.shape)
        return PruningSession(problem=problem, space=space, phases=(trained, gradients), plan=plan)

    def _sample(self, problem: Problem) -> Sample:
        sample: Sample = self.calibration.draw(problem.data.train, problem.seed)
        return sample

    def _counts(self, problem: Problem) -> list[int]:
        """How many heads are gone in each trial: ascending, none twice."""
        shape = problem.shape
        most = most_that_go(shape.layers, shape.heads, self.at_least_per_layer)
        shares = (round(shape.layers * shape.heads * k / self.points) for k in range(1, self.points + 1))
        counts = sorted({count for count in shares if 0 < count <= most})
        if not counts:
            raise InputError(
                f"method.at_least_per_layer={self.at_least_per_layer} of {shape.heads} heads a layer leaves no trial "
                f"of method.points={self.points}: lower the one or raise the other"
            )
        return counts


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """Networks of a schedule of masks, which is asked for one only when it is needed."""

    problem: Problem
    model: ElasticModel
    sample: Sample
    masks: Iterator[Mask]
    exact: bool
    _networks: list[SubNetwork] = field(default_factory=list)

    def network(self, step: int) -> SubNetwork | None:
        units = np.ones((self.problem.shape.layers, self.problem.shape.units))
        while len(self._networks) <= step:
            mask = next(self.masks, None)
            if mask is None:
                return None
            self._networks.append(network_of(mask, units))
        return self._networks[step]

    def price(self, network: SubNetwork) -> int:
        """The gradient pass that chose it, if there was one of its own."""
        step = self._networks.index(network)
        if not self.exact or not step:
            return 0
        return training_macs(self.problem.shape, self._networks[step - 1], self.sample.lengths)

    def pruned(self, network: SubNetwork) -> ElasticModel:
        return extract(self.model, network)
