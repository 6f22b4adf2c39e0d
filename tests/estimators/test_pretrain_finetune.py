"""Pre-training in phases: the ledger in closed form, equal results by every route, divergence, bad input."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nasbench import cost
from nasbench.errors import InputError
from nasbench.estimators import pretrain_evaluator
from nasbench.estimators.pretraining import Pretrainer, Pretraining
from nasbench.estimators.stages import Plan, Schedule, device_hours
from nasbench.objectives import MeanError, Measurement
from nasbench.records import Head, Proposal, Sizes, Stage, Status
from nasbench.search.nsga2_paraskeva import Nsga2Paraskeva
from nasbench.spaces.genotype import to_architecture
from nasbench.spaces.hierarchical import Hierarchical
from nasbench.training import Descent, Training, steps
from nasbench.weights import WeightsStore
from tests.estimators.pretraining import CHECKPOINT, CHILD, SETTINGS, estimator, problem, space
from tests.estimators.test_inheritance import begun, stored, trial
from tests.search.test_nsga2_paraskeva import search

CHILD_ONLY = Proposal(to_architecture(CHILD), fidelity=1)
WHOLE = Proposal(to_architecture(CHILD), fidelity=2)


def test_the_papers_ledger_comes_to_3880_gpu_hours() -> None:
    """Counted in the rows of a search of its size: 44 networks in phase 0, 32 in phase 1; without a cut, 4,840."""
    plan = Plan(pretraining=Pretraining(), schedule=Schedule.TWO_PHASE, inherit=True, reuse_shape=False)

    def hours(method: Nsga2Paraskeva) -> float:
        rows = [
            replace(t, evaluation=replace(t.evaluation, stages=tuple(map(empty, plan.pretraining_of(t.proposal)))))
            for t in search(method)
        ]
        return device_hours(rows, {"phase_0": 15, "phase_1": 40}, devices=2)

    assert hours(Nsga2Paraskeva()) == 3880
    assert hours(Nsga2Paraskeva(keep=1.0)) == 4840


def empty(phase: tuple[str, int]) -> Stage:
    name, steps = phase
    return Stage(name=name, steps=steps, tokens=0, cost=0)


def test_the_ledger_equals_its_closed_form(tmp_path: Path) -> None:
    """Written out: 3 * steps * batch * a sequence, and a sequence for each held-out one at each of two measurements."""
    evaluator = begun(tmp_path)
    evaluation = evaluator.evaluate(WHOLE, ())
    network = evaluator.space.network(WHOLE.architecture)
    sequence = cost.forward_macs(CHECKPOINT.shape(Head.MASKED_LM, 0), network, [16])
    data = evaluator.problem.data
    task = 3 * cost.forward_macs(evaluator.problem.shape, network, data.train.lengths.ravel())
    scoring = cost.forward_macs(evaluator.problem.shape, network, data.validation.lengths.ravel())
    stages = {stage.name: stage for stage in evaluation.stages}
    assert list(stages) == ["phase_0", "phase_1", "fine_tuning"]
    assert [stage.steps for stage in stages.values()] == [3, 2, math.ceil(len(data.train) / 8)]
    assert [stage.tokens for stage in stages.values()] == [3 * 4 * 16, 2 * 4 * 16, int(data.train.lengths.sum())]
    assert stages["phase_0"].cost == 3 * 3 * 4 * sequence + 2 * 6 * sequence
    assert stages["phase_1"].cost == 3 * 2 * 4 * sequence + 2 * 6 * sequence
    assert stages["fine_tuning"].cost == task + scoring
    assert evaluation.cost == sum(s.cost for s in stages.values()) == evaluator.price(WHOLE, ())


def test_curves_end_with_the_held_out_loss_that_a_trial_is_judged_by(tmp_path: Path) -> None:
    evaluation = begun(tmp_path).evaluate(WHOLE, ())
    first, second, tuning = (stage.curve for stage in evaluation.stages)
    assert [point[0] for point in first] == [2, 3]
    assert second[-1][2] == evaluation.scores["mlm_loss"]
    assert all(point[2] is None for point in tuning)
    assert all(math.isfinite(loss) for _, loss, _ in (*first, *second, *tuning))


def test_a_network_resumed_after_the_cut_is_the_one_trained_in_one_go(tmp_path: Path) -> None:
    evaluator = begun(tmp_path)
    whole = evaluator.evaluate(WHOLE, ())
    first = trial(0, CHILD_ONLY, evaluator.evaluate(CHILD_ONLY, ()))
    resuming = Proposal(to_architecture(CHILD), fidelity=2, resumes=0)
    assert evaluator.price(CHILD_ONLY, ()) + evaluator.price(resuming, [first]) == evaluator.price(WHOLE, ())
    resumed = evaluator.evaluate(resuming, [first])
    assert resumed.scores == whole.scores
    assert resumed.weights == whole.weights
    assert first.evaluation.cost + resumed.cost == whole.cost


def test_equal_networks_of_different_bases_have_their_own_weights(tmp_path: Path) -> None:
    """The base of two blocks, and the base of three without its last one: phase 0 trains other modules of them."""
    found = problem(tmp_path)
    two, three = (Hierarchical(heads=[2, 4, 8, 20], base_blocks=n).bind(found.shape) for n in (2, 3))
    proposal = Proposal(two.base(), fidelity=1)
    keys = {estimator().start(found, each).evaluate(proposal, ()).weights for each in (two, three)}
    assert len(keys) == 2


@pytest.mark.slow
def test_what_is_gone_from_the_store_is_trained_again_to_the_same_bytes(tmp_path: Path) -> None:
    evaluator = begun(tmp_path / "a")
    first = trial(0, WHOLE, evaluator.evaluate(WHOLE, ()))
    evaluator.keep([first], [first])
    child = Proposal(evaluator.space.base(), fidelity=1, parent=0)  # whatever it is: its parent's tensors are needed
    genes = to_architecture(tuple(replace(b, origin=-1, kept=False) for b in CHILD[2:3]))
    child = replace(child, architecture=genes)
    there = evaluator.evaluate(child, [first])
    kept = {name: tensor.clone() for name, tensor in stored(evaluator, there).items()}
    shutil.rmtree(tmp_path / "a")
    again = begun(tmp_path / "a")
    gone = again.evaluate(child, [first])
    assert gone.scores == there.scores
    assert all(torch.equal(kept[name], tensor) for name, tensor in stored(again, gone).items())
    assert again.test(first).scores == evaluator.test(first).scores


def test_one_phase_trains_everything_for_as_many_steps_at_the_same_cost_but_one_measurement(tmp_path: Path) -> None:
    evaluator = begun(tmp_path, schedule=Schedule.ONE_PHASE)
    proposal = Proposal(to_architecture(CHILD))
    (stage, _) = evaluator.evaluate(proposal, ()).stages
    assert (stage.name, stage.steps) == ("phase_1", 5)
    two = begun(tmp_path)
    sequence = cost.forward_macs(CHECKPOINT.shape(Head.MASKED_LM, 0), two.space.network(proposal.architecture), [16])
    assert two.price(WHOLE, ()) - evaluator.price(proposal, ()) == 2 * 6 * sequence
    assert not estimator(schedule=Schedule.ONE_PHASE).fidelities


def test_divergence_is_a_status_without_objectives_and_is_billed_for_what_was_done(tmp_path: Path) -> None:
    settings = replace(SETTINGS, base_steps=0, diverged_above=0.001, smoothing=1, warmup=0.0)
    evaluation = begun(tmp_path, pretraining=settings).evaluate(WHOLE, ())
    assert evaluation.status is Status.DIVERGED
    assert (dict(evaluation.validation), dict(evaluation.scores), evaluation.weights) == ({}, {}, None)
    (stage,) = evaluation.stages
    assert stage.steps == 1
    assert 0 < evaluation.cost == stage.cost
    assert evaluation.note is not None
    assert "above 0.00 after 1 steps" in evaluation.note


def test_a_phase_shorter_than_the_smoothing_can_diverge_too(tmp_path: Path) -> None:
    """Phase 0 has three steps, the first of them warm-up: the mean of the other two is known after the third."""
    settings = replace(SETTINGS, base_steps=0, diverged_above=0.001, warmup=1 / 3)
    assert settings.smoothing > settings.phase_0_steps
    evaluation = begun(tmp_path, pretraining=settings).evaluate(CHILD_ONLY, ())
    assert evaluation.status is Status.DIVERGED
    assert "above 0.00 after 3 steps" in str(evaluation.note)


def test_a_diverged_fine_tuning_is_billed_for_the_steps_that_were_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five steps of pre-training go well, and one of fine-tuning; of four of its steps the second does not."""
    found = problem(tmp_path, training=Training(batch_size=2))
    evaluator = estimator().start(found, space(found))
    whole = evaluator.evaluate(WHOLE, ())
    left, real = iter(range(6)), Descent.step
    monkeypatch.setattr(Descent, "step", lambda self, loss: next(left, None) is not None and real(self, loss))
    cut = evaluator.evaluate(WHOLE, ())
    data = evaluator.problem.data
    begun_with = [s.indices for s in steps(data.train, evaluator.problem.training, seed=0)][:2]
    lengths = data.train.lengths[np.concatenate(begun_with)].ravel()
    last = cut.stages[-1]
    assert (cut.status, last.name, last.steps, last.tokens) == (Status.DIVERGED, "fine_tuning", 2, lengths.sum())
    network = evaluator.space.network(WHOLE.architecture)
    assert last.cost == 3 * cost.forward_macs(evaluator.problem.shape, network, lengths) < whole.stages[-1].cost
    assert cut.cost == sum(stage.cost for stage in cut.stages)


def test_a_loss_that_is_not_finite_is_divergence_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluator = begun(tmp_path)
    monkeypatch.setattr("nasbench.training.Descent.step", lambda self, loss: False)
    evaluation = evaluator.evaluate(CHILD_ONLY, ())
    assert evaluation.status is Status.DIVERGED
    assert "not finite after 0 steps" in str(evaluation.note)


def test_all_candidates_of_a_seed_meet_the_same_masks_and_other_seeds_others(tmp_path: Path) -> None:
    """An unchanged network, evaluated twice, and under another seed."""
    losses = []
    for seed, name in ((0, "a"), (0, "b"), (1, "c")):
        found = problem(tmp_path / name, seed=seed)
        losses.append(estimator().start(found, space(found)).evaluate(CHILD_ONLY, ()).scores["mlm_loss"])
    assert losses[0] == losses[1] != losses[2]


def test_the_held_out_loss_is_that_of_the_same_tokens_whatever_the_seed(tmp_path: Path) -> None:
    evaluators = [begun(tmp_path / str(i)) for i in range(2)]
    model = evaluators[0]._beginning(CHILD_ONLY, evaluators[0].space.network(CHILD_ONLY.architecture), ())
    other = replace(evaluators[1].trainer, seed=7)
    assert evaluators[0].trainer.held_out_loss(model) == other.held_out_loss(model)


def test_the_base_is_trained_once_and_billed_to_each_run(tmp_path: Path) -> None:
    first, again = begun(tmp_path), begun(tmp_path)
    assert first.phases == again.phases
    assert first.phases[0].cost == estimator().upfront_price(first.problem, first.space) > 0
    assert all(torch.equal(first.base[name], tensor) for name, tensor in again.base.items())
    untrained = begun(tmp_path, pretraining=replace(SETTINGS, base_steps=0))
    assert untrained.phases == ()


def test_a_network_of_blocks_is_not_exported_and_that_is_said(tmp_path: Path) -> None:
    evaluator = begun(tmp_path)
    first = trial(3, WHOLE, evaluator.evaluate(WHOLE, ()))
    with pytest.raises(InputError, match="trial 3 is a list of blocks, which no transformers model can hold"):
        evaluator.extract(first)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"phase_0_steps": 0}, "phase_0_steps must be at least 1, not 0"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"base_steps": -1}, "base_steps must not be negative"),
        ({"learning_rate": 2.0}, "learning_rate must be between 0 and 1"),
        ({"warmup": 1.0}, "warmup"),
        ({"weight_decay": float("nan")}, "weight_decay must be at least 0"),
        ({"clip": 0.0}, "clip must be above 0 or null"),
    ],
)
def test_settings_out_of_range_are_told(settings: dict[str, float], told: str) -> None:
    with pytest.raises(InputError, match=told):
        Pretraining(**settings)  # type: ignore[arg-type]


def test_the_mean_error_weighs_its_metrics() -> None:
    sizes = Sizes(1, 1, 1)
    measurement = Measurement(scores={"f1": 0.6, "exact_match": 0.4}, metric="f1", sizes=sizes, full=sizes)
    assert MeanError().value(measurement) == pytest.approx(0.5)
    assert MeanError(weights={"f1": 3.0, "exact_match": 1.0}).value(measurement) == pytest.approx(0.45)
    with pytest.raises(InputError, match="names accuracy, which the task does not measure; it has f1, exact_match"):
        MeanError(weights={"accuracy": 1.0}).value(measurement)
    with pytest.raises(InputError, match=r"objective\.error\.weights"):
        MeanError(weights={"f1": 0.0})


@pytest.mark.parametrize("cut", [1, 3, 4, 5])
def test_a_trial_that_is_cut_goes_on_from_the_step_it_was_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    """Its phases have 3 and 2 steps; cut after so many of them, or, after all five, in its fine-tuning."""
    evaluator = begun(tmp_path)
    whole = evaluator.evaluate(WHOLE, ())
    found = problem(tmp_path, weights=WeightsStore(tmp_path / "cut", unfinished_every=0.0))
    again = estimator().start(found, space(found))
    taken: list[str] = []
    real = Pretrainer._step

    def step(self: Pretrainer, model: object, descent: Descent, phase: str, number: int, rows: object) -> float:
        if len(taken) == cut:
            raise KeyboardInterrupt
        taken.append(phase)
        return real(self, model, descent, phase, number, rows)  # type: ignore[arg-type]

    def tune(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Pretrainer, "_step", step)
        patched.setattr(pretrain_evaluator, "train", tune)
        with pytest.raises(KeyboardInterrupt):
            again.evaluate(WHOLE, ())
    before, taken[:], cut = list(taken), [], -1
    with monkeypatch.context() as patched:
        patched.setattr(Pretrainer, "_step", step)
        resumed = again.evaluate(WHOLE, ())
    assert before + taken == ["phase_0"] * 3 + ["phase_1"] * 2
    assert resumed.scores == whole.scores
    assert [replace(s, seconds=0.0) for s in resumed.stages] == [replace(s, seconds=0.0) for s in whole.stages]
    for name, tensor in stored(evaluator, whole).items():
        assert torch.equal(tensor, stored(again, resumed)[name]), name
    assert list((tmp_path / "cut" / ".unfinished").glob("*.safetensors")) == []
