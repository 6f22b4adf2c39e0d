"""What a run may spend. Repeatability is promised for epochs and trials; seconds reproduce wall-clock axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from nasbench.errors import InputError


class Unit(StrEnum):
    EPOCHS = "epochs"
    SECONDS = "seconds"
    TRIALS = "trials"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Attributes:
    amount: of `unit`; an epoch is the COST of training the full network on the task's training split once.
    """

    amount: float
    unit: Unit = Unit.EPOCHS

    def __post_init__(self) -> None:
        if not (self.amount > 0 and math.isfinite(self.amount)):
            raise InputError(f"budget.amount must be a number above 0, in {self.unit}, not {self.amount}")

    def macs(self, epoch_macs: int) -> int | None:
        """The budget as COST; None where it is not given as such."""
        return int(self.amount * epoch_macs) if self.unit is Unit.EPOCHS else None

    def allows(self, *, price: int, spent: int, epoch_macs: int, trials: int, seconds: float) -> bool:
        """Whether a trial of this price may start, after so many trials, so much COST and so many seconds."""
        match self.unit:
            case Unit.EPOCHS:
                return spent + price <= int(self.amount * epoch_macs)
            case Unit.SECONDS:
                return seconds < self.amount
            case Unit.TRIALS:
                return trials < self.amount
