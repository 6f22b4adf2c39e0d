"""What a method has to solve: a checkpoint, a task's data, objectives, a seed, and what each step of it costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from nasbench import cost
from nasbench.objectives import Measurement, Objective
from nasbench.records import Evaluation, Network, Sizes, Stage, Status

if TYPE_CHECKING:  # a problem on record is worked on without torch
    from nasbench.models.checkpoint import Checkpoint
    from nasbench.models.elastic import ElasticModel
    from nasbench.tasks.base import Split, TaskData
    from nasbench.training import Training
    from nasbench.weights import WeightsStore


def unwatched(macs: float) -> None:
    """The report of a run that nobody watches; named, so that a problem can be sent to another process."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Everything a method needs and nothing of how it is run.

    Attributes:
        shape: of the full network with the task's head.
        objectives: by name, in the order of a point's coordinates.
        seed: of the run, key of all its random streams.
        numerics: what must be equal for equal bytes; part of the recipe of all stored weights.
        device: where tensors live, as torch names it.
        report: told the MACs done of the phase or trial at hand, now and then, for whoever watches.
    """

    checkpoint: Checkpoint
    data: TaskData
    shape: cost.NetworkShape
    objectives: Mapping[str, Objective]
    training: Training
    seed: int
    weights: WeightsStore
    fingerprints: Mapping[str, str]
    numerics: Mapping[str, object]
    device: str
    report: Callable[[float], None] = unwatched

    def pretrained(self, seed: int | None = None) -> ElasticModel:
        """A fresh copy of the pretrained network under the task's head, which a seed initialises (None: the run's)."""
        seed = self.seed if seed is None else seed
        return self.checkpoint.load(self.data.head, self.data.num_labels, seed).to(self.device)

    def sizes(self, network: Network) -> Sizes:
        return cost.sizes(self.shape, network, self.data.max_length)

    @cached_property
    def full(self) -> Sizes:
        return self.sizes(self.shape.full())

    @cached_property
    def epoch_macs(self) -> int:
        """COST of training the full network for one epoch: the unit of budgets."""
        return self.training_cost(self.shape.full(), 1)

    def training_cost(self, network: Network, epochs: int) -> int:
        return epochs * cost.training_macs(self.shape, network, self.data.train.lengths.ravel())

    def scoring_cost(self, network: Network, split: Split) -> int:
        return cost.forward_macs(self.shape, network, split.lengths.ravel())

    def objective_values(self, sizes: Sizes, scores: Mapping[str, float]) -> dict[str, float]:
        """Objectives by name; none at all where there is no score, or one of either is not finite: that is no point."""
        if not scores or not all(map(math.isfinite, scores.values())):
            return {}
        measurement = Measurement(scores=scores, metric=self.data.metric, sizes=sizes, full=self.full)
        values = {name: objective.value(measurement) for name, objective in self.objectives.items()}
        return values if all(map(math.isfinite, values.values())) else {}

    def evaluation(
        self,
        sizes: Sizes,
        scores: Mapping[str, float],
        *,
        cost: int,
        seconds: float,
        weights: str | None,
        stages: tuple[Stage, ...] = (),
    ) -> Evaluation:
        """What a trial found; without objectives, and so no point, where its scores are not finite."""
        values = self.objective_values(sizes, scores)
        return Evaluation(
            status=Status.OK if values else Status.DIVERGED,
            cost=cost,
            sizes=sizes,
            validation=values,
            scores=scores if values else {},
            weights=weights if values else None,
            note=None if values else "loss or score not finite",
            stages=stages,
            seconds=seconds,
        )

    def failure(self, network: Network, *, cost: int, note: str) -> Evaluation:
        """A trial that found nothing: billed like any other, for it was paid for."""
        return Evaluation(status=Status.FAILED, cost=cost, sizes=self.sizes(network), note=note)

    def recipe(self, **made_by: object) -> dict[str, object]:
        """What determines trained weights: these facts and what the caller adds."""
        return {"fingerprints": dict(self.fingerprints), "numerics": dict(self.numerics), **made_by}
