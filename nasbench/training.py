"""The one training loop of the suite."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import get_linear_schedule_with_warmup

from nasbench import rng
from nasbench.errors import InputError
from nasbench.models.task_model import TaskModel
from nasbench.tasks.base import Batch, Split
from nasbench.tasks.losses import task_loss
from nasbench.unfinished import State, Unfinished


@dataclass(frozen=True, kw_only=True)
class Training:
    """How networks are fine-tuned: AdamW, weight decay on all parameters, linear warm-up and decay.

    Attributes:
        epochs: full fidelity; the learning-rate schedule spans them whatever the fidelity of a trial.
        warmup: share of the steps over which the learning rate rises from 0.
        clip: bound of the gradient's norm; None for none.
        scoring_batch_size: sequences at a time when a split is scored.
    """

    epochs: int = 1
    batch_size: int = 16
    learning_rate: float = 3e-4
    weight_decay: float = 0.01
    warmup: float = 0.1
    clip: float | None = 1.0
    scoring_batch_size: int = 32

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "scoring_batch_size"):
            if getattr(self, name) < 1:
                raise InputError(f"training.{name} must be at least 1, not {getattr(self, name)}")
        if not 0 < self.learning_rate < 1:
            raise InputError(f"training.learning_rate must be between 0 and 1, not {self.learning_rate}")
        if not 0 <= self.warmup < 1:
            raise InputError(f"training.warmup, a share of the steps, must be in [0, 1), not {self.warmup}")
        if not 0 <= self.weight_decay < math.inf:
            raise InputError(f"training.weight_decay must be a number of at least 0, not {self.weight_decay}")
        if self.clip is not None and not self.clip > 0:
            raise InputError(f"training.clip must be above 0 or null, not {self.clip}")


class Optimisation(Protocol):
    """How parameters descend, as of `Training`."""

    @property
    def learning_rate(self) -> float: ...

    @property
    def weight_decay(self) -> float: ...

    @property
    def warmup(self) -> float: ...

    @property
    def clip(self) -> float | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One training step: its batch, its number from 0, and the share of the training done before it."""

    number: int
    progress: float
    indices: NDArray[np.int64]


def steps(split: Split, settings: Training, seed: int) -> Iterator[Step]:
    """The steps of a whole training, in order: what a run with this seed will see, known without running it."""
    total = settings.epochs * math.ceil(len(split) / settings.batch_size)
    number = 0
    for epoch in range(settings.epochs):
        for indices in split.shuffled_batches(settings.batch_size, rng.generator(seed, "shuffle", epoch)):
            yield Step(number=number, progress=number / total, indices=indices)
            number += 1


Backward = Callable[[Batch, Step], float]
"""Adds a step's gradients to the parameters' and returns its loss."""

Report = Callable[[float], None]
"""Told the share of a piece of work that is done, now and then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training leaves beside the model.

    Attributes:
        loss: mean of the last epoch's steps; NaN if a loss or gradient was not finite, where training stopped.
        optimizer: its state by name, which training can go on from.
        earlier: seconds of processes before this one that were at it and were cut off.
    """

    loss: float
    optimizer: dict[str, Tensor]
    earlier: float = 0.0


def train(
    model: TaskModel,
    split: Split,
    settings: Training,
    *,
    seed: int,
    backward: Backward,
    report: Report,
    begin: int = 0,
    end: int | None = None,
    optimizer_state: Mapping[str, Tensor] | None = None,
    unfinished: Unfinished | None = None,
) -> Trained:
    """Train a model in place; in one go or in parts, the result is the same.

    Gradients are zeroed, never dropped, so that a layer which a step skips decays like under a mask of zeros.

    Args:
        begin, end: epochs done before and after; None for all that the settings say, which the schedule spans anyhow.
        optimizer_state: of the part that ended at `begin`.
        unfinished: where this training is stored now and then, and goes on from what a process that was cut has left.
    """
    model.train()
    parameters = list(model.parameters())
    device = parameters[0].device
    per_epoch = math.ceil(len(split) / settings.batch_size)
    begun = State(steps=begin * per_epoch, model={}, optimizer=optimizer_state or {})
    state = resumed(model, begun, unfinished)
    descent = Descent(
        parameters, settings, settings.epochs * per_epoch, done=state.steps, state=state.optimizer or None
    )
    losses = state.losses
    started = time.monotonic()
    for step in itertools.islice(steps(split, settings, seed), state.steps, end and end * per_epoch):
        batch = {name: tensor.to(device) for name, tensor in split.batch(step.indices).items()}
        report(step.progress)
        model.zero_gradients()
        with rng.scope(seed, "dropout", step.number), model.gradients_in_place():
            loss = backward(batch, step)
        if not descent.step(loss):
            return Trained(loss=math.nan, optimizer={}, earlier=state.seconds)
        losses.append(loss)
        if unfinished:
            unfinished.offer(
                partial(_state_after, step, model, descent, losses, state.seconds + time.monotonic() - started)
            )
    return Trained(loss=float(np.mean(losses[-per_epoch:])), optimizer=descent.state(), earlier=state.seconds)


def resumed(model: TaskModel, begun: State, unfinished: Unfinished | None) -> State:
    """What a process that was cut off has left, with the model filled from it; `begun` where that is no further."""
    left = unfinished.state() if unfinished else None
    if left is None or left.steps <= begun.steps:
        return begun
    model.load_state_dict(left.model)
    return left


def _state_after(step: Step, model: TaskModel, descent: Descent, losses: list[float], seconds: float) -> State:
    return State(
        steps=step.number + 1, model=model.state_dict(), optimizer=descent.state(), losses=losses, seconds=seconds
    )


class Descent:
    """AdamW on some parameters, its learning rate rising and falling linearly over so many steps."""

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        settings: Optimisation,
        total: int,
        *,
        done: int = 0,
        state: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Goes on after `done` steps, from the optimiser's state then."""
        self.parameters, self.clip = parameters, settings.clip or math.inf
        group = {"params": list(parameters), "initial_lr": settings.learning_rate}
        rate, decay = settings.learning_rate, settings.weight_decay
        self.optimizer = torch.optim.AdamW([group], lr=rate, weight_decay=decay, fused=True)
        if state is not None:
            _restore(self.optimizer, state)
        warmup = round(settings.warmup * total)
        self.schedule = get_linear_schedule_with_warmup(self.optimizer, warmup, total, last_epoch=done - 1)

    def step(self, loss: float) -> bool:
        """Step down the gradients; False, and nothing done, where they or the loss are not finite."""
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        if not (math.isfinite(loss) and torch.isfinite(norm)):
            return False
        self.optimizer.step()
        self.schedule.step()
        return True

    def state(self) -> dict[str, Tensor]:
        return _state(self.optimizer)


def _state(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimizer.state_dict()["state"]
    return {f"{i}.{name}": tensor for i, values in state.items() for name, tensor in values.items()}


def _restore(optimizer: torch.optim.Optimizer, state: Mapping[str, Tensor]) -> None:
    values: dict[int, dict[str, Tensor]] = {}
    for key, tensor in state.items():
        i, _, name = key.partition(".")
        values.setdefault(int(i), {})[name] = tensor.clone()
    optimizer.load_state_dict({**optimizer.state_dict(), "state": values})


def supervised(model: TaskModel) -> Backward:
    """The plain step: the whole network against the labels."""

    def backward(batch: Batch, step: Step) -> float:
        loss = task_loss(model.head, model(batch), batch)
        loss.backward()
        return loss.item()

    return backward
