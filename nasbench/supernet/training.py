"""Training of a super-network by any strategy: runs the passes a strategy plans, sliced, and sums their gradients."""

from __future__ import annotations

import numpy as np
import torch

from nasbench import rng
from nasbench.cost import NetworkShape
from nasbench.models.elastic import ElasticModel
from nasbench.spaces.base import SearchSpace
from nasbench.supernet.base import Pass, Strategy, price
from nasbench.tasks.base import Batch, Split
from nasbench.tasks.losses import distillation_loss, task_loss
from nasbench.training import Report, Step, Trained, Training, steps, train
from nasbench.unfinished import Unfinished


def train_super_network(
    model: ElasticModel,
    split: Split,
    settings: Training,
    *,
    strategy: Strategy,
    space: SearchSpace,
    report: Report,
    unfinished: Unfinished | None = None,
) -> Trained:
    """Train in place, as `training.train` does."""

    def backward(batch: Batch, step: Step) -> float:
        return accumulate_gradients(model, batch, _plan(strategy, space, step), strategy)

    return train(model, split, settings, seed=strategy.seed, backward=backward, report=report, unfinished=unfinished)


def accumulate_gradients(model: ElasticModel, batch: Batch, passes: list[Pass], strategy: Strategy) -> float:
    """Add the gradients of a step's passes to the parameters'; returns the sum of their losses.

    Each pass is differentiated at once, so that memory holds one graph at a time.
    """
    teacher = None
    total = 0.0
    for item in passes:
        with torch.set_grad_enabled(item.labels or item.distil):
            logits = model(batch, item.network)
        losses = [task_loss(model.head, logits, batch)] if item.labels else []
        if item.distil:
            if teacher is None:
                raise ValueError("a strategy must plan the teacher before the passes that distil")
            losses.append(
                distillation_loss(
                    model.head,
                    logits,
                    teacher,
                    batch,
                    temperature=strategy.distillation.temperature,
                    squared=strategy.distillation.squared,
                )
            )
        if item.teacher:
            teacher = logits.detach()
        if losses:
            loss = sum(losses[1:], losses[0])
            loss.backward()
            total += loss.item()
    return total


def training_price(
    split: Split, settings: Training, *, strategy: Strategy, space: SearchSpace, shape: NetworkShape
) -> int:
    """COST in MACs of the whole training, by replaying what it will draw."""
    return sum(
        price(shape, _plan(strategy, space, step), split.lengths[step.indices].ravel())
        for step in steps(split, settings, strategy.seed)
    )


def _plan(strategy: Strategy, space: SearchSpace, step: Step) -> list[Pass]:
    stream: np.random.Generator = rng.generator(strategy.seed, "sub_networks", step.number)
    return strategy.plan(space, stream, step.progress)
