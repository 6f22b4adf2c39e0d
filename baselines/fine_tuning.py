"""The unpruned network, fine-tuned: what post-training pruning starts from, and pays for."""

from __future__ import annotations

import time

from nasbench.estimators.fine_tuning import FineTuning
from nasbench.models.elastic import ElasticModel
from nasbench.problem import Problem
from nasbench.records import Phase


def fine_tuned(problem: Problem) -> tuple[ElasticModel, Phase]:
    """The unpruned network after training, and its bill, which is the same where the weights are found stored.

    Whichever method of a seed comes first trains for all of them.

    Raises:
        RunError: training diverged.
    """
    started = time.perf_counter()
    tuning = _tuning(problem)
    model, loss = tuning.obtain()
    phase = Phase(
        name="fine_tuning",
        cost=tuning.price(),
        weights=tuning.key,
        scores={"loss": loss},
        seconds=time.perf_counter() - started,
    )
    return model, phase


def price(problem: Problem) -> int:
    """COST in MACs of fine-tuning the unpruned network."""
    return _tuning(problem).price()


def _tuning(problem: Problem) -> FineTuning:
    return FineTuning(problem=problem, network=problem.shape.full(), epochs=problem.training.epochs)
