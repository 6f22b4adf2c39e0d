"""Standard estimation at several fidelities: promotions continue training, pay the difference, and leave no litter."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench import cost
from nasbench.compose import experiment
from nasbench.errors import InputError
from nasbench.records import Proposal
from nasbench.results import Run, read_run
from nasbench.run import Run as LiveRun
from nasbench.run import assemble
from nasbench.spaces.small import Small
from tests.conftest import TINY

Make = Callable[..., Path]
Rows = Callable[[Path], list[dict[str, Any]]]

ASHA = ("search=mo_asha", "training.epochs=3", "search.batch_size=4", "search.eta=2", "budget.amount=12")


@pytest.fixture(scope="module")
def halving(tmp_path_factory: pytest.TempPathFactory, make_run: Make) -> Path:
    return make_run(tmp_path_factory.mktemp("results"), "s_nas", *ASHA)


def assembled(results: Path) -> LiveRun:
    return assemble(experiment([*TINY, "method=s_nas", *ASHA, f"runtime.results={results}"]).runs[0])


def promotions(run: Run) -> list[tuple[int, int]]:
    """(promoted trial, the trial that goes on from it) by index."""
    return [(t.proposal.resumes, t.index) for t in run.trials if t.proposal.resumes is not None]


def test_a_promotion_pays_only_the_difference(halving: Path) -> None:
    run, problem = read_run(halving), assembled(halving.parent.parent).problem
    assert promotions(run)
    epochs = {trial.index: trial.proposal.fidelity for trial in run.trials}
    for trial in run.trials:
        network = Small().bind(problem.shape).network(trial.proposal.architecture)
        epoch = cost.training_macs(problem.shape, network, problem.data.train.lengths.ravel())
        scoring = cost.forward_macs(problem.shape, network, problem.data.validation.lengths.ravel())
        before = epochs[trial.proposal.resumes] if trial.proposal.resumes is not None else 0
        assert trial.proposal.fidelity is not None
        assert before is not None
        assert trial.evaluation.cost == (trial.proposal.fidelity - before) * epoch + scoring
    for before, after in promotions(run):
        assert run.trials[before].proposal.architecture == run.trials[after].proposal.architecture


def test_the_rungs_of_three_epochs_with_halving_are_one_two_and_three(halving: Path) -> None:
    fidelities = {trial.proposal.fidelity for trial in read_run(halving).trials}
    assert fidelities <= {1, 2, 3}
    assert {1, 2} <= fidelities


def test_a_promoted_network_equals_one_trained_in_one_go(halving: Path, tmp_path: Path) -> None:
    """By another route: the same architecture proposed at once at the higher fidelity, from an empty weights store."""
    run = read_run(halving)
    before, after = promotions(run)[0]
    trial = run.trials[after]
    fresh = assembled(tmp_path)
    session = fresh.method.start(fresh.problem)
    proposal = Proposal(trial.proposal.architecture, fidelity=trial.proposal.fidelity)
    evaluation = session.evaluate(proposal, ())
    assert evaluation.scores == trial.evaluation.scores
    # In parts it costs one scoring more than in one go.
    parts = run.trials[before].evaluation.cost + trial.evaluation.cost
    assert parts > evaluation.cost
    assert parts - evaluation.cost < run.trials[before].evaluation.cost


def test_only_weights_of_the_front_are_left(halving: Path) -> None:
    run = read_run(halving)
    assert run.end is not None
    stored = {path.name for path in (halving.parent.parent / ".weights").iterdir() if not path.name.startswith(".")}
    assert stored == {run.trials[i].evaluation.weights for i in run.end["front"]}


@pytest.mark.parametrize("share", [*(pytest.param(share, marks=pytest.mark.slow) for share in (0.4, 0.6)), 0.8])
def test_halving_resumes_to_the_same_rows_without_its_checkpoints(
    halving: Path, share: float, tmp_path: Path, make_run: Make, rows: Rows
) -> None:
    cut = tmp_path / halving.parent.name / halving.name
    cut.parent.mkdir()
    whole = halving.read_bytes()
    cut.write_bytes(whole[: int(share * len(whole))])
    assert make_run(tmp_path, "s_nas", *ASHA) == cut
    assert rows(cut) == rows(halving)


def test_weight_sharing_has_no_fidelities(tmp_path: Path, make_run: Make) -> None:
    with pytest.raises(InputError, match="goes with method=s_nas"):
        make_run(tmp_path, "ws_nas", *ASHA)
