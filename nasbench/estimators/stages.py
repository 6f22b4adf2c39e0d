"""Which phases a proposal goes through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from nasbench.estimators.pretraining import Pretraining
from nasbench.records import Proposal, Trial

BASE, PHASE_0, PHASE_1, FINE_TUNING = "base", "phase_0", "phase_1", "fine_tuning"


class Schedule(StrEnum):
    """How the steps of pre-training are divided.

    Attributes:
        TWO_PHASE: phase 0 trains fresh modules alone, and the search may cut after it; phase 1 trains everything.
        ONE_PHASE: as many steps, everything trained from the first on, under one learning-rate schedule: no cut.
    """

    TWO_PHASE = "two_phase"
    ONE_PHASE = "one_phase"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Attributes:
    inherit: children take their parent's tensors; else every block is drawn at random, and trained from phase 0 on.
    reuse_shape: altered attention keeps its matrices too where their shape is that of before.
    """

    pretraining: Pretraining
    schedule: Schedule
    inherit: bool
    reuse_shape: bool

    def pretraining_of(self, proposal: Proposal) -> list[tuple[str, int]]:
        """Names and steps of the phases of pre-training that a proposal asks for."""
        first, second = self.pretraining.phase_0_steps, self.pretraining.phase_1_steps
        if self.schedule is Schedule.ONE_PHASE:
            return [(PHASE_1, first + second)]
        if stops(proposal):
            return [(PHASE_0, first)]
        return [(PHASE_1, second)] if proposal.resumes is not None else [(PHASE_0, first), (PHASE_1, second)]


def device_hours(trials: Iterable[Trial], hours: Mapping[str, float], devices: int) -> float:
    """Device-hours of a run's phases, from how many networks went through each of them.

    Paraskeva et al. 2024, section 4: phase 0 of 15 hours and phase 1 of 40, on two GPUs.

    Args:
        hours: that a network takes in a phase, by the phase's name; phases without are left out.
    """
    names = (stage.name for trial in trials for stage in trial.evaluation.stages)
    return devices * float(sum(hours.get(name, 0.0) for name in names))


def stops(proposal: Proposal) -> bool:
    """Whether it is not to be trained beyond phase 0."""
    return proposal.fidelity == 1
