"""Masked-language-model training of a network of blocks over a number of steps, watched on held-out text."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nasbench import rng
from nasbench.cost import TRAINING_FACTOR, NetworkShape, forward_macs
from nasbench.errors import InputError
from nasbench.models.block_network import BlockNetwork
from nasbench.records import Network, Point, Stage
from nasbench.tasks.base import Batch
from nasbench.tasks.corpus import PackedText
from nasbench.tasks.masking import UNASKED
from nasbench.training import Descent, Report, resumed
from nasbench.unfinished import State, Unfinished


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """How networks are pre-trained: AdamW, linear warm-up and decay within each phase.

    Attributes:
        base_steps: of the base, before the search; none for a checkpoint that has its masked-language-model head.
        phase_0_steps: before the cut: of the fresh modules alone.
        phase_1_steps: after it: of everything.
        curve_points: measurements of the held-out loss in a phase, evenly spread, the last at its end.
        smoothing: steps whose mean training loss tells divergence; all after warm-up, in a phase that has fewer.
        diverged_above: a smoothed loss above this after warm-up is divergence; None for ln(vocabulary), by guessing.
    """

    base_steps: int = 0
    phase_0_steps: int = 18_000
    phase_1_steps: int = 36_000
    batch_size: int = 256
    learning_rate: float = 5e-5
    weight_decay: float = 0.01
    warmup: float = 0.05
    clip: float | None = 1.0
    curve_points: int = 4
    smoothing: int = 10
    diverged_above: float | None = None

    def __post_init__(self) -> None:
        for name in ("phase_0_steps", "phase_1_steps", "batch_size", "curve_points", "smoothing"):
            if getattr(self, name) < 1:
                raise InputError(f"estimator.pretraining.{name} must be at least 1, not {getattr(self, name)}")
        if self.base_steps < 0:
            raise InputError(f"estimator.pretraining.base_steps must not be negative, it is {self.base_steps}")
        if not 0 < self.learning_rate < 1:
            raise InputError(f"estimator.pretraining.learning_rate must be between 0 and 1, not {self.learning_rate}")
        if not 0 <= self.warmup < 1:
            raise InputError(f"estimator.pretraining.warmup, a share, must be in [0, 1), not {self.warmup}")
        if not self.weight_decay >= 0:
            raise InputError(f"estimator.pretraining.weight_decay must be at least 0, not {self.weight_decay}")
        if self.clip is not None and not self.clip > 0:
            raise InputError(f"estimator.pretraining.clip must be above 0 or null, not {self.clip}")

    def points(self, steps: int) -> list[int]:
        """The steps after which the held-out loss is measured."""
        wanted = min(self.curve_points, steps)
        return [round(steps * (i + 1) / wanted) for i in range(wanted)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The COST of pre-training a network on packed text, in closed form (MACs).

    Attributes:
        step: of one optimiser step; a frozen module is billed like any other, by the rule that training costs three
            forward passes.
        held_out: of one measurement of the held-out loss.
    """

    step: int
    held_out: int

    @classmethod
    def of(cls, shape: NetworkShape, network: Network, text: PackedText, settings: Pretraining) -> Bill:
        """Args:
        shape: of the pretrained network under its masked-language-model head.
        """
        sequence = forward_macs(shape, network, [text.length])
        batch = min(settings.batch_size, len(text.train))
        return cls(step=TRAINING_FACTOR * batch * sequence, held_out=len(text.held_out) * sequence)

    def total(self, steps: int, measurements: int) -> int:
        return steps * self.step + measurements * self.held_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Attributes:
    held_out: the last held-out loss; NaN where training diverged.
    fault: what went wrong, if anything.
    earlier: seconds of processes before this one that were at it and were cut off.
    """

    stage: Stage
    held_out: float
    fault: str | None = None
    earlier: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Pretrainer:
    """Masks, batches and dropout are those of the seed, the phase and the step, whichever network is trained."""

    text: PackedText
    settings: Pretraining
    seed: int
    held_out_batch: ClassVar[int] = 32

    def train(
        self, model: BlockNetwork, *, phase: str, steps: int, bill: Bill, report: Report, unfinished: Unfinished
    ) -> Outcome:
        """Train in place the parameters that take gradients, on from what a process that was cut has left."""
        begun = resumed(model, State(steps=0, model={}, optimizer={}), unfinished)
        started = time.perf_counter() - begun.seconds
        parameters = [p for p in model.parameters() if p.requires_grad]
        descent = Descent(parameters, self.settings, steps, done=begun.steps, state=begun.optimizer or None)
        losses, curve, done = begun.losses, list(begun.curve), begun.steps
        fault: str | None = None

        def state() -> State:
            seconds, moments = time.perf_counter() - started, descent.state()
            return State(
                steps=done, model=model.state_dict(), optimizer=moments, losses=losses, seconds=seconds, curve=curve
            )

        for rows in itertools.islice(self._batches(phase, steps), done, None):
            report(done / steps)
            fault = self._fault(self._step(model, descent, phase, done, rows), losses, steps)
            done += 1
            if not fault and done in self.settings.points(steps):
                recent, held_out = losses[curve[-1][0] if curve else 0 :], self.held_out_loss(model)
                fault = None if math.isfinite(held_out) else f"held-out loss not finite after {done} steps"
                curve += [] if fault else [(done, float(np.mean(recent)), held_out)]
            if fault:
                break
            unfinished.offer(state)
        batch = min(self.settings.batch_size, len(self.text.train))
        stage = Stage(
            name=phase,
            steps=done,
            tokens=done * batch * self.text.length,
            cost=bill.total(done, len(curve)),
            curve=tuple(curve),
            seconds=time.perf_counter() - started,
        )
        return Outcome(stage=stage, held_out=math.nan if fault else _last(curve), fault=fault, earlier=begun.seconds)

    def _step(self, model: BlockNetwork, descent: Descent, phase: str, number: int, rows: NDArray[np.int64]) -> float:
        """One step; the loss before it, NaN where it was not taken."""
        model.train()
        mask = rng.generator(self.seed, f"{phase}/mask", number)
        batch = _on(model, self.text.masking.masked(self.text.train[rows], mask))
        descent.optimizer.zero_grad()
        with rng.scope(self.seed, f"{phase}/dropout", number):
            total, count = guessing_loss(model, batch)
            loss = total / count
            loss.backward()
        value = loss.item()
        return value if descent.step(value) else math.nan

    def _fault(self, loss: float, losses: list[float], steps: int) -> str | None:
        """What is wrong after a step with this loss, which joins the others."""
        if math.isnan(loss):
            return f"loss or gradient not finite after {len(losses)} steps"
        losses.append(loss)
        warmup = round(self.settings.warmup * steps)
        window = max(1, min(self.settings.smoothing, steps - warmup))  # a phase may be shorter
        recent = losses[-window:]
        if len(losses) >= warmup + window and float(np.mean(recent)) > self.ceiling:
            return f"training loss {np.mean(recent):.2f} above {self.ceiling:.2f} after {len(losses)} steps"
        return None

    @property
    def ceiling(self) -> float:
        above = self.settings.diverged_above
        return math.log(self.text.masking.vocabulary) if above is None else above

    def _batches(self, phase: str, steps: int) -> Iterator[NDArray[np.int64]]:
        """So many batches of rows of the text: all of it in a random order, then again in another."""
        n = len(self.text.train)
        size = min(self.settings.batch_size, n)
        for number in range(steps):
            epoch, place = divmod(number, n // size)
            if place == 0:
                order = rng.generator(self.seed, f"{phase}/order", epoch).permutation(n)
            yield order[place * size : (place + 1) * size]

    @torch.inference_mode()
    def held_out_loss(self, model: BlockNetwork) -> float:
        """Mean loss of the held-out tokens that are asked for: the same ones always, whatever the seed."""
        model.eval()
        total, count = 0.0, 0
        for i in range(0, len(self.text.held_out), self.held_out_batch):
            tokens = self.text.held_out[i : i + self.held_out_batch]
            batch = _on(model, self.text.masking.masked(tokens, rng.generator(0, "held_out/mask", i)))
            loss, asked = guessing_loss(model, batch)
            total, count = total + loss.item(), count + asked
        return total / count


def _last(curve: Sequence[Point]) -> float:
    *_, (_, _, held_out) = curve
    assert held_out is not None
    return held_out


def guessing_loss(model: BlockNetwork, batch: Batch) -> tuple[Tensor, int]:
    """Summed cross-entropy of the tokens that are asked for, and how many they are.

    Only those pass the output layer, which is most of a small network's work.
    """
    asked = batch["labels"] != UNASKED
    hidden = model.hidden_states(batch)[asked]  # [asked, d]
    logits = model.logits(hidden[None], batch)[0]  # [asked, vocabulary]
    return F.cross_entropy(logits, batch["labels"][asked], reduction="sum"), len(hidden)


def _on(model: BlockNetwork, batch: Batch) -> Batch:
    device = next(model.parameters()).device
    return {name: tensor.to(device) for name, tensor in batch.items()}
