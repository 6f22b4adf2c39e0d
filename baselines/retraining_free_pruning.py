"""Retraining-free pruning (RFP), Kwon et al. 2022: of a fine-tuned network, in three phases, without any more training.

The phases are functions on arrays and transformers models, usable by themselves: `mask_gradients`, `search` within a
budget of MACs, `rearrange`, `tune`, and `prune`, which makes the network. `RetrainingFreePruning` is the method of the
comparison: one gradient pass, then a trial for each kept fraction (Klein et al. 2024, section 4.2).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from baselines.calibration import Calibration, Sample
from baselines.fine_tuning import fine_tuned
from baselines.gradients import Granularity, mask_gradients
from baselines.mask_rearrangement import rearrange
from baselines.mask_search import check_kept_macs, search
from baselines.mask_tuning import damped_scales, lsmr_scales, tune
from baselines.masks import Mask, network_of, prune
from baselines.post_training import PruningSession, gradient_phase, upfront_price
from nasbench.cost import forward_macs
from nasbench.errors import InputError
from nasbench.models.elastic import ElasticModel
from nasbench.problem import Problem
from nasbench.records import SubNetwork
from nasbench.spaces.large import Large

__all__ = [
    "Granularity",
    "RetrainingFreePruning",
    "Teacher",
    "damped_scales",
    "lsmr_scales",
    "mask_gradients",
    "prune",
    "rearrange",
    "search",
    "tune",
]

Masks = tuple[Mask, Mask]


class Teacher(StrEnum):
    """Whose sub-layer outputs mask tuning reproduces."""

    UNPRUNED = "unpruned"  # the full network: the paper's text
    TWO_STEP = "two_step"  # what search finds at the square root of the kept fraction: the authors' code


@dataclass(frozen=True, kw_only=True)
class RetrainingFreePruning:
    """Attributes:
    kept_macs: fractions of the encoder's MACs to keep, one trial each, in order.
    calibration: the examples of gradients and of tuning (a `baselines.calibration.Calibration`).
    rearranged, tuned: whether the second and the third phase are done.
    """

    name: str = "retraining_free_pruning"
    kept_macs: tuple[float, ...] = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
    granularity: Granularity = Granularity.EXAMPLE
    rearranged: bool = True
    tuned: bool = True
    teacher: Teacher = Teacher.UNPRUNED
    calibration: Any = field(default_factory=Calibration)

    def __post_init__(self) -> None:
        if not self.kept_macs:
            raise InputError("method.kept_macs must name at least one fraction, as in method.kept_macs=[0.5]")
        for fraction in self.kept_macs:
            check_kept_macs(fraction)

    def upfront_price(self, problem: Problem) -> int:
        return upfront_price(problem, self._sample(problem))

    def start(self, problem: Problem) -> PruningSession:
        model, trained = fine_tuned(problem)
        started = time.perf_counter()
        sample = self._sample(problem)
        points = self._points(model, sample)
        gradients = gradient_phase(problem, sample, seconds=time.perf_counter() - started)
        return PruningSession(
            problem=problem,
            space=Large().bind(problem.shape),
            phases=(trained, gradients),
            plan=_Plan(model=model, sample=sample, points=points, tuned=self.tuned),
        )

    def _sample(self, problem: Problem) -> Sample:
        sample: Sample = self.calibration.draw(problem.data.train, problem.seed)
        return sample

    def _points(self, model: ElasticModel, sample: Sample) -> dict[SubNetwork, _Point]:
        """What each kept fraction leaves, from one gradient pass; of equal networks the first."""
        heads, units = mask_gradients(model, sample.batches(), self.granularity)

        def searched(kept_macs: float) -> Masks:
            return search(
                heads,
                units,
                kept_macs=kept_macs,
                sequence_length=float(sample.lengths.mean()),
                hidden_size=model.shape.hidden_size,
                head_size=model.shape.head_size,
            )

        head_masks, unit_masks = (np.stack(masks) for masks in zip(*map(searched, self.kept_macs), strict=True))
        if self.rearranged:
            head_masks, unit_masks = rearrange(head_masks, heads), rearrange(unit_masks, units)
        points: dict[SubNetwork, _Point] = {}
        for kept_macs, masks in zip(self.kept_macs, zip(head_masks, unit_masks, strict=True), strict=True):
            teacher = searched(math.sqrt(kept_macs)) if self.teacher is Teacher.TWO_STEP else None
            points.setdefault(network_of(*masks), _Point(masks=masks, teacher=teacher))
        return points


@dataclass(frozen=True, kw_only=True)
class _Point:
    """The binary masks of a kept fraction, and of the teacher that tunes them; None for the full network."""

    masks: Masks
    teacher: Masks | None


@dataclass(frozen=True, kw_only=True)
class _Plan:
    model: ElasticModel
    sample: Sample
    points: dict[SubNetwork, _Point]
    tuned: bool
    _made: dict[SubNetwork, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def network(self, step: int) -> SubNetwork | None:
        networks = list(self.points)
        return networks[step] if step < len(networks) else None

    def price(self, network: SubNetwork) -> int:
        """A forward pass of the teacher over the sample and one of the student, where masks are tuned."""
        if not self.tuned:
            return 0
        masks = self.points[network].teacher
        teacher = self.model.shape.full() if masks is None else network_of(*masks)
        return sum(forward_macs(self.model.shape, n, self.sample.lengths) for n in (teacher, network))

    def pruned(self, network: SubNetwork) -> ElasticModel:
        if network not in self._made:
            point = self.points[network]
            self._made[network] = (
                tune(self.model, self.sample.batches(), *point.masks, teacher=point.teacher)
                if self.tuned
                else point.masks
            )
        return prune(self.model, *self._made[network])
