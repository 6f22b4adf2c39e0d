"""Runs of two-phase NAS: rows, fronts, and equal bytes however they come about."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nasbench.cli import main
from nasbench.compose import experiment
from nasbench.drive import front
from nasbench.errors import InputError
from nasbench.estimators.pretrain_evaluator import PretrainFinetuneEvaluator
from nasbench.records import Status, Trial
from nasbench.results import read_run
from nasbench.run import Run as ReadyRun
from nasbench.run import assemble
from nasbench.runtime import Engine
from tests.conftest import REPOSITORY, cut_copy

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


def assembled(results: Path, *overrides: str, method: str = "two_phase_nas") -> ReadyRun:
    (spec,) = experiment([*SMALLEST, f"method={method}", f"runtime.results={results}", *overrides]).runs
    return assemble(spec)


def make(results: Path, *overrides: str, method: str = "two_phase_nas") -> Path:
    run = assembled(results, *overrides, method=method)
    run.execute(lambda progress: None)
    return run.path


def stored(results: Path) -> set[str]:
    """Names of the entries of the weights store."""
    return {path.name for path in (results / ".weights").iterdir() if not path.name.startswith(".")}


def front_weights(file: Path) -> set[str | None]:
    run = read_run(file)
    assert run.end is not None
    return {run.trials[i].evaluation.weights for i in run.end["front"]}


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
    assert stored(finished.parent.parent) == front_weights(finished) | {read_run(finished).phases[0].weights}


def test_a_run_leaves_another_ones_weights_where_they_are(tmp_path: Path) -> None:
    """Random search of more trials makes the same network first, and then ones that dominate it."""
    short = make(tmp_path, "search=random_search", "search.max_trials=1")
    (first,) = front_weights(short)
    long = make(tmp_path, "search=random_search", "search.max_trials=5")
    assert read_run(long).trials[0].evaluation.weights == first
    assert first not in front_weights(long)
    base = {read_run(long).phases[0].weights}
    assert stored(tmp_path) == front_weights(short) | front_weights(long) | base


def test_what_is_finished_and_dominated_is_not_stored_however_long_fine_tuning_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each row the front, the population and children that wait: also where full training is three epochs."""
    run = assembled(tmp_path, "training.epochs=3")
    search = run.method.search  # type: ignore[attr-defined]
    real = PretrainFinetuneEvaluator.keep
    extra: list[set[str]] = []

    def keep(self: PretrainFinetuneEvaluator, needed: Sequence[Trial], history: Sequence[Trial]) -> None:
        real(self, needed, history)
        wanted = [*front(history), *search.breeding(history)]
        extra.append(stored(tmp_path) - {t.evaluation.weights for t in wanted} - {p.weights for p in self.phases})

    monkeypatch.setattr(PretrainFinetuneEvaluator, "keep", keep)
    run.execute(lambda progress: None)
    assert extra == [set()] * (len(read_run(run.path).trials) + 1)


def test_a_run_of_which_all_networks_diverge_fails_with_a_sentence_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*SMALLEST, "methods=[two_phase_nas]", f"runtime.results={tmp_path}", "pretraining.warmup=0.0"]
    for _ in range(2):
        assert main([*command, "pretraining.diverged_above=0.001", "pretraining.base_steps=0"]) == 1
        told = " ".join(capsys.readouterr().out.split())
        assert "two_phase_nas seed 0 failed: RunError: none of its 20 trials has a result (20 diverged;" in told
        assert "above 0.00 after 1 steps" in told


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
        (("search.cut_score=mlm_los",), "search.cut_score=mlm_los is not measured before the cut: PretrainFinetune"),
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


def settings_of(*overrides: str) -> Mapping[str, Any]:
    (spec,) = experiment(["+experiment=squad_distilbert_pretrain", "method=two_phase_nas", "seed=0", *overrides]).runs
    estimator = spec.science["method"]["estimator"]
    return {"training": spec.science["training"], **{name: estimator[name] for name in ("pretraining", "corpus")}}


def test_the_papers_scale_is_4500_steps_an_epoch_and_two_epochs_of_fine_tuning() -> None:
    found = settings_of("source=hub", "scale=paper")
    training, pretraining = found["training"], found["pretraining"]
    assert (training["epochs"], training["batch_size"], training["learning_rate"]) == (2, 32, 3e-5)
    epoch = found["corpus"]["train_sequences"] // pretraining["batch_size"]
    assert epoch == 4500
    assert (pretraining["phase_0_steps"], pretraining["phase_1_steps"]) == (4 * epoch, 8 * epoch)
    assert pretraining["base_steps"] == 0  # DistilBERT has its masked-language-model head
    assert settings_of("source=hub", "scale=paper", "training.epochs=7")["training"]["epochs"] == 7


@pytest.mark.parametrize("scale", ["smoke", "laptop", "gpu", "paper"])
def test_the_embedded_checkpoint_learns_its_head_at_each_scale(scale: str) -> None:
    assert settings_of(f"scale={scale}")["pretraining"]["base_steps"] > 0


@pytest.mark.parametrize(("source", "engine"), [("embedded", Engine.PROCESSES), ("hub", Engine.SERIAL)])
def test_batches_of_the_embedded_experiment_are_shared_by_all_cores(source: str, engine: Engine) -> None:
    """Where there may be a GPU, whose memory processes would have to share, none are started unasked."""
    given = ["+experiment=squad_distilbert_pretrain", f"source={source}"]
    assert experiment(given).runtime.executor is engine
    assert experiment([*given, "runtime.executor=serial"]).runtime.executor is Engine.SERIAL


def test_the_documented_commands_are_ones_that_can_be_made() -> None:
    text = (REPOSITORY / "docs" / "evolutionary_nas.md").read_text("utf-8")
    found = re.findall(r"^python -m nasbench (\+experiment=[^#\n]+)", text, re.MULTILINE)
    assert len(found) == 5
    for command in found:
        assert experiment(command.split()).runs
