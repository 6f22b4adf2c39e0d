"""Weight sharing: one super-network a seed, or one that several seeds are pinned to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from nasbench.compose import experiment
from nasbench.estimators.weight_sharing import WeightSharingEvaluator
from nasbench.records import Architecture, Proposal, SubNetwork
from nasbench.results import Run, read_run
from nasbench.run import assemble
from nasbench.scoring import Scorer
from tests.conftest import TINY

OPTIONS = ("search.batch_size=20", "search.max_trials=20")

Make = Callable[..., Path]
Rows = Callable[[Path], list[dict[str, Any]]]


def architectures(run: Run) -> list[object]:
    return [trial.proposal.architecture for trial in run.trials]


def test_each_seed_trains_its_own_super_network(tmp_path: Path, make_run: Make) -> None:
    runs = [read_run(make_run(tmp_path, "ws_nas", f"seed={seed}")) for seed in (0, 1)]
    assert len({run.phases[0].weights for run in runs}) == 2


def test_a_pinned_super_network_is_shared_and_billed_to_each_search(tmp_path: Path, make_run: Make) -> None:
    own, pinned = (read_run(make_run(tmp_path, "ws_nas", f"seed={seed}", "strategy.seed=0")) for seed in (0, 1))
    assert own.phases[0].weights == pinned.phases[0].weights
    assert own.phases[0].cost == pinned.phases[0].cost > 0
    assert architectures(own) != architectures(pinned)
    assert [entry.name for entry in (tmp_path / ".weights").glob("[0-9a-f]*")] == [own.phases[0].weights]
    alone = read_run(make_run(tmp_path / "alone", "ws_nas", "seed=1", "strategy.seed=0"))
    assert [t.evaluation.validation for t in alone.trials] == [t.evaluation.validation for t in pinned.trials]


def test_what_was_proposed_is_scored_together_where_it_begins_alike(
    tmp_path: Path, make_run: Make, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[list[SubNetwork]] = []
    scores = Scorer.scores

    def watched(scorer: Scorer, networks: Sequence[SubNetwork]) -> list[dict[str, float]]:
        groups.append(list(networks))
        return scores(scorer, networks)

    monkeypatch.setattr(Scorer, "scores", watched)
    told = make_run(tmp_path / "told", "ws_nas", *OPTIONS)
    together = [group for group in groups if len(group) > 1]
    assert together
    assert all(len({network.heads[:1] for network in group}) == 1 for group in together)

    groups.clear()
    monkeypatch.setattr(WeightSharingEvaluator, "expect", lambda evaluator, proposals: None)
    assert rows(make_run(tmp_path / "not told", "ws_nas", *OPTIONS)) == rows(told)
    assert all(len(group) == 1 for group in groups)


def test_a_group_shares_its_seconds(tmp_path: Path) -> None:
    (spec,) = experiment([*TINY, "method=ws_nas", f"runtime.results={tmp_path}"]).runs
    run = assemble(spec)
    session: Any = run.method.start(run.problem)
    depths = [Proposal(architecture=Architecture((layers, 1, 8))) for layers in (1, 2)]
    other = Proposal(architecture=Architecture((2, 2, 8)))
    session.evaluator.expect([*depths, other])
    found = [session.evaluate(proposal, ()) for proposal in (*depths, other)]
    assert found[0].seconds == found[1].seconds != found[2].seconds
    assert all(evaluation.seconds > 0 for evaluation in found)
