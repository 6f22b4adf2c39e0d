"""Runs of two-phase NAS: rows, fronts, and equal bytes however they come about."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench.cli import main
from nasbench.errors import InputError
from nasbench.records import Status
from nasbench.results import read_run
from tests.conftest import cut_copy

Rows = Callable[[Path], list[dict[str, Any]]]

SMALLEST = (
    "+experiment=smoke_pretrain",
    "limits.train=4",
    "limits.validation=4",
    "limits.test=4",
    "corpus.train_sequences=8",
    "corpus.held_out_sequences=2",
    "pretraining.base_steps=1",
    "pretraining.phase_0_steps=1",
    "pretraining.phase_1_steps=1",
    "pretraining.curve_points=1",
    "evolution.children=3",
    "runtime.workers=1",
)
"""Two founders, then two generations of three children of which two are kept: a second or two."""


def make(results: Path, *overrides: str, method: str = "two_phase_nas") -> Path:
    from nasbench.compose import experiment
    from nasbench.run import assemble

    (spec,) = experiment([*SMALLEST, f"method={method}", f"runtime.results={results}", *overrides]).runs
    run = assemble(spec)
    run.execute(lambda progress: None)
    return run.path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("two_phase"))


def test_a_generation_is_two_batches_and_the_last_one_finishes_the_rest_for_the_analysis(finished: Path) -> None:
    run = read_run(finished)
    assert [len([t for t in run.trials if t.batch == b]) for b in sorted({t.batch for t in run.trials})] == [
        2,
        3,
        2,
        3,
        3,
    ]
    only = [t for t in run.trials if t.proposal.analysis_only]
    assert len(only) == 1
    assert only[0].evaluation.status is Status.OK
    assert not only[0].ok
    assert run.end is not None
    assert only[0].index not in run.end["front"]
    assert "corpus" in run.header.fingerprints


def test_every_trial_has_its_ledger_which_adds_up(finished: Path) -> None:
    run = read_run(finished)
    spent = run.phases[0].cost
    for trial in run.trials:
        proposal, stages = trial.proposal, [stage.name for stage in trial.evaluation.stages]
        first = ["phase_0"] if proposal.resumes is None else []
        rest = ["phase_1", "fine_tuning"] if proposal.fidelity == 2 else []
        assert stages == first + rest
        assert trial.evaluation.cost == sum(stage.cost for stage in trial.evaluation.stages)
        spent += trial.evaluation.cost
        assert trial.spent == spent


def test_the_unmodified_network_is_taken_through_the_same_phases(tmp_path: Path) -> None:
    run = read_run(make(tmp_path, method="unmodified"))
    (trial,) = run.trials
    assert [stage.name for stage in trial.evaluation.stages] == ["phase_0", "phase_1", "fine_tuning"]
    assert trial.evaluation.sizes == run.header.full
    assert trial.evaluation.note == "nothing fresh: phase 0 trained everything"


@pytest.mark.parametrize(("share", "weights"), [(0.35, "kept"), (0.6, "lost"), (0.95, "lost")])
def test_a_run_cut_in_any_phase_is_completed_to_the_same_rows(
    finished: Path, share: float, weights: str, tmp_path: Path, rows: Rows
) -> None:
    cut = cut_copy(finished, tmp_path / "results", share, weights=weights)
    assert make(tmp_path / "results") == cut
    assert rows(cut) == rows(finished)


@pytest.mark.slow
def test_two_workers_of_a_run_make_the_rows_of_one(finished: Path, tmp_path: Path, rows: Rows) -> None:
    """They share each batch; what a child inherits comes to them by the weights store."""
    spread = ("runtime.executor=processes", "runtime.workers_per_run=2", f"runtime.results={tmp_path}")
    assert main([*SMALLEST, "methods=[two_phase_nas]", *spread]) == 0
    assert rows(tmp_path / finished.parent.name / finished.name) == rows(finished)


def test_only_weights_of_the_front_and_of_the_base_are_left(finished: Path) -> None:
    run = read_run(finished)
    assert run.end is not None
    stored = {path.name for path in (finished.parent.parent / ".weights").iterdir() if not path.name.startswith(".")}
    front = {run.trials[i].evaluation.weights for i in run.end["front"]}
    assert stored == front | {run.phases[0].weights}


def test_a_run_is_repeated_from_its_header(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rerun", str(finished)]) == 0


def test_export_is_refused_in_a_sentence(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = read_run(finished)
    assert run.end is not None
    trial = run.end["front"][0]
    assert main(["export", str(finished), "--trial", str(trial), "--out", str(tmp_path / "out")]) == 2
    assert "is a list of blocks, which no transformers model can hold" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (("search.population_size=0",), "search.population_size must be at least 1, not 0"),
        (("search.batch_size=0",), "search.batch_size must be at least 1, not 0"),
        (("estimator.schedule=one_phase",), "search.keep=1"),
        (("space=small",), "space small"),
        (("space.base_blocks=9",), "from 1 to the 2 of the network, not 9"),
    ],
)
def test_bad_input_is_told_before_anything_is_written(tmp_path: Path, overrides: tuple[str, ...], told: str) -> None:
    with pytest.raises(InputError) as caught:
        make(tmp_path / "results", *overrides)
    assert told in str(caught.value)
    assert not (tmp_path / "results").exists()


def test_a_space_of_built_networks_does_not_go_with_methods_that_cut(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="space=hierarchical goes with method=two_phase_nas"):
        make(tmp_path, "space=hierarchical", method="s_nas")


def test_what_two_generations_leave_can_be_lost(finished: Path, tmp_path: Path, rows: Rows) -> None:
    """The weights of all ancestors are made again from the rows alone."""
    copy = tmp_path / "results"
    shutil.copytree(finished.parent.parent, copy)
    shutil.rmtree(copy / ".weights")
    file = copy / finished.parent.name / finished.name
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))
    make(copy)
    assert rows(file) == rows(finished)
