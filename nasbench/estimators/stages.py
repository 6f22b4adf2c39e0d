"""Which phases a proposal goes through."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nasbench.estimators.pretraining import Pretraining
from nasbench.records import Proposal

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


def stops(proposal: Proposal) -> bool:
    """Whether it is not to be trained beyond phase 0."""
    return proposal.fidelity == 1
