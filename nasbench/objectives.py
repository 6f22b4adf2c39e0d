"""Objectives: what a search minimises, computed from what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

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
