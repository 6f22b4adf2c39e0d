"""Objectives: what a search minimises, computed from what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from nasbench.errors import InputError
from nasbench.records import Sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What is known of one sub-network.

    Attributes:
        scores: the task's metrics on one split, higher is better.
        metric: the name of the main one.
        full: sizes of the unpruned network.
    """

    scores: Mapping[str, float]
    metric: str
    sizes: Sizes
    full: Sizes


class Objective(Protocol):
    def value(self, measurement: Measurement) -> float:
        """The objective, to be minimised."""


@dataclass(frozen=True, kw_only=True)
class TaskError:
    """1 - the task's main metric."""

    def value(self, measurement: Measurement) -> float:
        return 1.0 - measurement.scores[measurement.metric]


@dataclass(frozen=True, kw_only=True)
class MeanError:
    """1 - the weighted mean of several metrics, such as (F1 + EM) / 2 (Paraskeva et al. 2024, section 3.4).

    Attributes:
        weights: of each metric, by its name.
    """

    weights: dict[str, float] = field(default_factory=lambda: {"f1": 1.0, "exact_match": 1.0})

    def __post_init__(self) -> None:
        if not self.weights or min(self.weights.values()) < 0 or not sum(self.weights.values()) > 0:
            raise InputError(
                f"objective.error.weights must be metrics with weights of at least 0 and not all 0, not {self.weights}"
            )

    def value(self, measurement: Measurement) -> float:
        """Raises InputError where the task has no such metric."""
        lacking = next((name for name in self.weights if name not in measurement.scores), None)
        if lacking:
            has = ", ".join(name for name in measurement.scores if name != "loss")
            raise InputError(f"objective.error.weights names {lacking}, which the task does not measure; it has {has}")
        total = sum(weight * measurement.scores[name] for name, weight in self.weights.items())
        return 1.0 - total / sum(self.weights.values())


class Extent(StrEnum):
    PARAMETERS = "parameters"
    ENCODER_PARAMETERS = "encoder_parameters"
    MACS = "macs"


@dataclass(frozen=True, kw_only=True)
class RelativeSize:
    """A size as a fraction of the unpruned network's."""

    of: Extent = Extent.ENCODER_PARAMETERS

    def value(self, measurement: Measurement) -> float:
        return getattr(measurement.sizes, self.of) / getattr(measurement.full, self.of)
