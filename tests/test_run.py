"""Runs: what their files say, that they repeat, and that they resume from wherever they were cut."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench import cost
from nasbench.errors import InputError
from nasbench.records import SubNetwork
from nasbench.results import read_run
from nasbench.training import Trained
from tests.conftest import cut_copy

METHODS = ("unpruned", "s_nas", "ws_nas", "head_pruning", "retraining_free_pruning", "layer_dropping")

Rows = Callable[[Path], list[dict[str, Any]]]
Make = Callable[..., Path]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, make_run: Make) -> dict[str, Path]:
    """A finished run of each method, in one results folder."""
    folder = tmp_path_factory.mktemp("results")
    return {method: make_run(folder, method) for method in METHODS}


@pytest.mark.parametrize("method", METHODS)
def test_a_run_ends_with_its_validation_front_scored_on_test(finished: dict[str, Path], method: str) -> None:
    run = read_run(finished[method])
    assert run.end is not None
    points = {t.index: tuple(t.evaluation.validation.values()) for t in run.trials if t.ok}
    dominated = {
        i
        for i, p in points.items()
        for j, q in points.items()
        if (all(a <= b for a, b in zip(q, p, strict=True)) and q != p) or (q == p and j < i)
    }
    assert [test.trial for test in run.tests] == sorted(points.keys() - dominated) == run.end["front"]


@pytest.mark.parametrize("method", METHODS)
def test_cost_adds_up_and_stays_within_the_budget(finished: dict[str, Path], method: str) -> None:
    run = read_run(finished[method])
    spent = sum(phase.cost for phase in run.phases)
    for trial in run.trials:
        spent += trial.evaluation.cost
        assert trial.spent == spent
    assert run.header.budget_macs is not None
    assert 0 < spent <= run.header.budget_macs
    assert run.header.budget_macs == 2 * run.header.epoch_macs


def test_layer_dropping_drops_one_more_top_layer_each_time(finished: dict[str, Path]) -> None:
    trials = read_run(finished["layer_dropping"]).trials
    assert [trial.proposal.architecture.values for trial in trials] == [(1, 0)]  # of two layers


def test_the_unpruned_run_is_one_trial_of_the_whole_network(finished: dict[str, Path]) -> None:
    run = read_run(finished["unpruned"])
    assert [trial.evaluation.sizes for trial in run.trials] == [run.header.full]
    assert run.trials[0].evaluation.validation["size"] == 1.0


def test_weight_sharing_bills_every_pass_of_its_super_network(finished: dict[str, Path]) -> None:
    """At least the full network (one epoch); at most that, the smallest and two more full ones."""
    run = read_run(finished["ws_nas"])
    assert run.header.epoch_macs < run.phases[0].cost < 4 * run.header.epoch_macs


@pytest.mark.parametrize("method", ["s_nas", "ws_nas"])
def test_equal_runs_have_equal_rows_in_any_folder(
    finished: dict[str, Path], method: str, tmp_path: Path, make_run: Make, rows: Rows
) -> None:
    again = make_run(tmp_path / "elsewhere", method)
    assert again.name == finished[method].name
    assert rows(again) == rows(finished[method])


def test_a_seed_makes_another_run(finished: dict[str, Path], tmp_path: Path, make_run: Make, rows: Rows) -> None:
    other = make_run(tmp_path, "ws_nas", "seed=1")
    assert other.name != finished["ws_nas"].name
    assert rows(other)[2:] != rows(finished["ws_nas"])[2:]


@pytest.mark.parametrize("method", ["s_nas", "ws_nas"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.7, 0.8, 0.9, 0.97, 0.999])
@pytest.mark.parametrize("weights", ["kept", "lost"])
def test_a_run_cut_anywhere_is_completed_to_the_same_rows(
    finished: dict[str, Path], method: str, share: float, weights: str, tmp_path: Path, make_run: Make, rows: Rows
) -> None:
    cut = cut_copy(finished[method], tmp_path / "results", share, weights=weights)
    assert make_run(tmp_path / "results", method) == cut
    assert rows(cut) == rows(finished[method])


def test_resuming_in_the_middle_of_a_batch_completes_that_batch(tmp_path: Path, make_run: Make, rows: Rows) -> None:
    overrides = ("search.batch_size=4", "search.max_trials=10", "budget.amount=4")
    whole = make_run(tmp_path / "a", "ws_nas", *overrides)
    lines = whole.read_bytes().splitlines(keepends=True)
    stored = rows(whole)
    trial_rows = [i for i, row in enumerate(stored) if row["kind"] == "trial"]
    assert [stored[i]["batch"] for i in trial_rows] == [0, 0, 0, 0, 4, 4, 4, 4, 8, 8]
    for done in (2, 4, 5):
        cut = tmp_path / f"{done}" / whole.parent.name / whole.name
        cut.parent.mkdir(parents=True)
        cut.write_bytes(b"".join(lines[: trial_rows[done]]))
        assert rows(make_run(tmp_path / f"{done}", "ws_nas", *overrides)) == rows(whole)


def test_recorded_sizes_are_those_of_the_architecture(finished: dict[str, Path]) -> None:
    """By hand for the tiny BERT: d=32, 4 heads of 8, 64 units."""
    for trial in read_run(finished["ws_nas"]).trials:
        layers, heads, units = (int(v) for v in trial.proposal.architecture.values)  # type: ignore[arg-type]
        inner = 8 * heads
        layer = 3 * (32 * inner + inner) + (inner * 32 + 32) + (32 * units + units) + (units * 32 + 32) + 4 * 32
        assert trial.evaluation.sizes.encoder_parameters == layers * layer


def test_a_budget_below_the_super_networks_training_is_refused_before_anything_is_written(
    tmp_path: Path, make_run: Make
) -> None:
    with pytest.raises(InputError, match=r"budget\.amount=0\.5 epochs is less than the 1\.\d+ that ws_nas needs"):
        make_run(tmp_path / "results", "ws_nas", "budget.amount=0.5")
    assert not (tmp_path / "results").exists()


def test_a_diverged_trial_is_billed_has_no_objectives_and_the_search_goes_on(
    tmp_path: Path, make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nasbench.estimators.fine_tuning as standard

    diverged = iter([Trained(loss=math.nan, optimizer={})])

    def train(*arguments: Any, **settings: Any) -> Trained:
        return next(diverged, None) or real(*arguments, **settings)

    real = standard.train
    monkeypatch.setattr(standard, "train", train)
    run = read_run(make_run(tmp_path, "s_nas"))
    first, *others = run.trials
    assert (first.evaluation.status, dict(first.evaluation.validation)) == ("diverged", {})
    assert first.spent == first.evaluation.cost > 0
    assert others
    assert all(trial.ok for trial in others)
    assert run.end is not None
    assert 0 not in run.end["front"]


def test_cost_of_the_empty_network_is_its_output_alone() -> None:
    shape = cost.NetworkShape(
        hidden_size=4,
        head_size=2,
        layers=1,
        heads=2,
        units=3,
        embedding_parameters=50,
        output_parameters=10,
        output_macs_per_sequence=7,
        output_macs_per_token=2,
    )
    empty = SubNetwork((), (), ())
    assert cost.parameters(shape, empty) == 60
    assert cost.forward_macs(shape, empty, [3, 4]) == 2 * 7 + 7 * 2
