"""Budgets: what may start in each unit, and values that are none."""

import pytest

from nasbench.budget import Budget, Unit
from nasbench.errors import InputError


def allows(budget: Budget, **facts: float) -> bool:
    known = {"price": 10, "spent": 90, "epoch_macs": 50, "trials": 3, "seconds": 5.0}
    return budget.allows(**{**known, **facts})  # type: ignore[arg-type]


def test_epochs_count_cost_and_include_the_last_mac() -> None:
    budget = Budget(amount=2.0)
    assert budget.macs(50) == 100
    assert allows(budget, price=10)
    assert not allows(budget, price=11)


def test_trials_and_seconds_count_what_is_done() -> None:
    assert allows(Budget(amount=4, unit=Unit.TRIALS), trials=3, price=10**9)
    assert not allows(Budget(amount=3, unit=Unit.TRIALS), trials=3)
    assert allows(Budget(amount=5.1, unit=Unit.SECONDS), seconds=5.0)
    assert not allows(Budget(amount=5.0, unit=Unit.SECONDS), seconds=5.0)
    assert Budget(amount=5.0, unit=Unit.SECONDS).macs(50) is None


@pytest.mark.parametrize("amount", [0, -1, float("nan"), float("inf")])
def test_an_amount_must_be_positive_and_finite(amount: float) -> None:
    with pytest.raises(InputError, match=r"budget\.amount must be a number above 0"):
        Budget(amount=amount)
