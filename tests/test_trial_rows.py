"""Trials that are read at once, against the reader that checks a row field by field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench.records import Architecture, Evaluation, Proposal, Sizes, Status, Trial
from nasbench.rows import RunRows, encode, parse
from tests.analysis.runs import header
from tests.fuzz import FEW, JSON_BYTES, changed, changed_bytes

NEXT = 2
"""Two trials were read before."""


def rows() -> RunRows:
    before = [made(index) for index in range(NEXT)]
    return RunRows(header=header("ws_nas"), trials=before)


def made(index: int, *genes: int | str | tuple[int, ...], note: str | None = None, parent: int | None = None) -> Trial:
    return Trial(
        index=index,
        batch=0,
        proposal=Proposal(Architecture(genes), fidelity=3, resumes=None, parent=parent),
        evaluation=Evaluation(
            status=Status.OK,
            cost=10**12,
            sizes=Sizes(2000, 1000, 0),
            validation={"size": 1, "error": 0.1 + 0.2},
            scores={"f1": -0.0, "loss": 10},
            weights="0" * 24,
            note=note,
            seconds=0.5,
        ),
        spent=2**62,
    )


PLAIN = [made(NEXT), made(NEXT, 6, 12, -1, "relu"), made(NEXT, 1, note="é\n\"'", parent=NEXT - 1)]
STOPPED = Trial(
    NEXT, NEXT, Proposal(Architecture((1,))), Evaluation(status=Status.STOPPED, cost=1, sizes=Sizes(1, 1, 1)), 1
)
LEFT = [made(NEXT, 1, (2, 3)), made(NEXT + 1), made(NEXT, parent=NEXT), STOPPED]


@pytest.mark.parametrize("trial", PLAIN)
def test_a_plain_trial_is_read_at_once(trial: Trial) -> None:
    found = rows().plain_trial(encode(trial.to_row()))
    assert repr(found) == repr(trial)  # also the types of numbers


@pytest.mark.parametrize("trial", LEFT)
def test_anything_else_is_left(trial: Trial) -> None:
    assert rows().plain_trial(encode(trial.to_row())) is None


def test_nothing_is_a_trial_that_may_not_come_next() -> None:
    line = encode(made(0).to_row())
    assert RunRows().plain_trial(line) is None
    assert RunRows(header=header("ws_nas"), end={}).plain_trial(line) is None
    assert RunRows(header=header("ws_nas", objectives=("error", "latency"))).plain_trial(line) is None
    assert RunRows(header=header("ws_nas")).plain_trial(line) is not None


def check(line: bytes) -> None:
    """What is taken at once is what the other reader takes, and the same."""
    found = rows().plain_trial(line)
    if found is not None:
        assert repr(found) == repr(rows().record(parse(line)))


@FEW
@given(trial=st.sampled_from([*PLAIN, *LEFT]), data=st.data())
def test_a_trial_with_another_value_anywhere(trial: Trial, data: st.DataObject) -> None:
    check(encode(data.draw(changed(trial.to_row()))))


@FEW
@given(trial=st.sampled_from([*PLAIN, *LEFT]), data=st.data())
def test_a_trial_with_other_bytes_anywhere(trial: Trial, data: st.DataObject) -> None:
    check(data.draw(changed_bytes(encode(trial.to_row()), JSON_BYTES)))
