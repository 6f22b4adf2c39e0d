"""Records: canonical forms, refused nonsense, and rows that read back equal."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench.records import (
    Architecture,
    Evaluation,
    Phase,
    Proposal,
    RunHeader,
    Sizes,
    Stage,
    Status,
    SubNetwork,
    TestResult,
    Trial,
    kept,
)

GENES = st.recursive(st.integers() | st.text(), lambda gene: st.lists(gene, max_size=3).map(tuple), max_leaves=8)
KEPT = st.sets(st.integers(0, 12)).map(kept)
NUMBERS = st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False), max_size=2)
COUNTS = st.integers(0, 2**60)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
STAGES = st.builds(
    Stage,
    name=st.text(),
    steps=COUNTS,
    tokens=COUNTS,
    cost=COUNTS,
    curve=st.lists(st.tuples(COUNTS, FINITE, st.none() | FINITE), max_size=3).map(tuple),
    seconds=FINITE,
)


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value, allow_nan=False))


@given(st.lists(GENES).map(tuple))
def test_an_architecture_reads_back_equal_and_of_equal_hash(values: tuple[Any, ...]) -> None:
    architecture = Architecture(values)
    again = Architecture.from_json(through_json(architecture.to_json()))
    assert again == architecture
    assert hash(again) == hash(architecture)


def test_kept_indices_are_a_range_exactly_if_they_are_a_prefix() -> None:
    assert kept([2, 0, 1]) == range(3)
    assert kept([]) == range(0)
    assert kept([2, 0]) == (0, 2)
    assert kept([1]) == (1,)


@pytest.mark.parametrize("indices", [[-1, 0], [1, 1], [0, 0]])
def test_kept_indices_are_distinct_and_not_negative(indices: list[int]) -> None:
    with pytest.raises(ValueError, match="distinct and not negative"):
        kept(indices)


@given(st.dictionaries(st.integers(0, 12), st.tuples(KEPT, KEPT)))
def test_a_sub_network_reads_back_equal(layers: dict[int, tuple[Any, Any]]) -> None:
    order = tuple(sorted(layers))
    network = SubNetwork(order, tuple(layers[i][0] for i in order), tuple(layers[i][1] for i in order))
    again = SubNetwork.from_json(through_json(network.to_json()))
    assert again == network
    assert [type(k) for k in again.heads + again.units] == [type(k) for k in network.heads + network.units]


def test_prefixes_are_stored_as_their_length() -> None:
    network = SubNetwork((0, 2), (range(3), (1, 4)), (range(0), range(7)))
    assert network.to_json() == {"layers_kept": [0, 2], "heads": [3, [1, 4]], "units": [0, 7]}


def test_a_sub_network_has_one_set_of_each_for_each_ascending_layer() -> None:
    with pytest.raises(ValueError, match="one set of heads"):
        SubNetwork((0, 1), (range(1),), (range(1), range(1)))
    for layers in ((1, 0), (1, 1)):
        with pytest.raises(ValueError, match="ascend"):
            SubNetwork(layers, (range(1),) * 2, (range(1),) * 2)


@pytest.mark.parametrize("status", list(Status))
def test_a_trial_has_objectives_exactly_if_it_is_ok(status: Status) -> None:
    right = {"error": 0.5} if status is Status.OK else {}
    wrong = {} if status is Status.OK else {"error": 0.5}
    assert Evaluation(status=status, cost=1, sizes=Sizes(1, 1, 1), validation=right).validation == right
    with pytest.raises(ValueError, match="exactly if its status is ok"):
        Evaluation(status=status, cost=1, sizes=Sizes(1, 1, 1), validation=wrong)


@given(st.data())
def test_a_trial_reads_back_equal(data: st.DataObject) -> None:
    status = data.draw(st.sampled_from(Status))
    optional = st.none() | COUNTS
    analysis_only = data.draw(st.booleans())
    trial = Trial(
        index=data.draw(COUNTS),
        batch=data.draw(COUNTS),
        proposal=Proposal(
            Architecture(data.draw(st.lists(GENES).map(tuple))),
            *data.draw(st.tuples(optional, optional, optional)),
            analysis_only=analysis_only,
        ),
        evaluation=Evaluation(
            status=status,
            cost=data.draw(COUNTS),
            sizes=Sizes(*data.draw(st.tuples(COUNTS, COUNTS, COUNTS))),
            validation={"error": 0.5, **data.draw(NUMBERS)} if status is Status.OK else {},
            scores=data.draw(NUMBERS),
            weights=data.draw(st.none() | st.text()),
            note=data.draw(st.none() | st.text()),
            stages=tuple(data.draw(st.lists(STAGES, max_size=2))),
            seconds=0.5,
        ),
        spent=data.draw(COUNTS),
    )
    assert Trial.from_row(through_json(trial.to_row())) == trial
    assert trial.ok is (status is Status.OK and not analysis_only)
    assert ("analysis_only" in trial.to_row()) is analysis_only
    assert ("stages" in trial.to_row()) is bool(trial.evaluation.stages)


def test_a_header_reads_back_equal() -> None:
    texts = ("run_id", "experiment", "method", "task", "metric", "model", "source", "scale")
    header = RunHeader(
        **dict(zip(texts, texts, strict=True)),
        science_version=2,
        seed=1,
        config={"a": {"b": [1, 2.5, None]}},
        fingerprints={"data": "d"},
        full=Sizes(30, 20, 10),
        epoch_macs=5,
        budget={"amount": 2.0, "unit": "epochs"},
        budget_macs=None,
        objectives=("error", "size"),
        numerics={"threads": 1},
        provenance={},
    )
    assert RunHeader.from_row(through_json(header.to_row())) == header


def test_phases_and_test_results_store_all_their_fields() -> None:
    phase = Phase(name="super_network", cost=3, weights="w", scores={"loss": 0.5}, seconds=1.0)
    assert phase.to_row() == {
        "kind": "phase",
        "name": "super_network",
        "cost": 3,
        "weights": "w",
        "scores": {"loss": 0.5},
        "seconds": 1.0,
    }
    result = TestResult(trial=2, objectives={"error": 0.25}, scores={"f1": 0.75}, cost=4)
    assert result.to_row() == {
        "kind": "test",
        "trial": 2,
        "objectives": {"error": 0.25},
        "scores": {"f1": 0.75},
        "cost": 4,
        "seconds": 0.0,
    }
