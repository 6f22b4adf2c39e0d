from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from analysis.comparison import Comparison, compare
from analysis.contrasts import contrasts
from analysis.draw import discover
from analysis.drawing import NothingToDrawError, Options
from analysis.load import load_runs
from nasbench.records import Architecture
from nasbench.results import RunWriter
from tests.analysis.runs import write_run


def made(folder: Path, errors: dict[int, float], seed: int, **options: Any) -> None:
    """A run that found these errors of these architectures, in this order."""
    config = {"method": {"name": "two_phase_nas", "estimator": options}}
    points = [(error, 0.5) for error in errors.values()]
    named = [Architecture((number,)) for number in errors]
    write_run(folder, "two_phase_nas", points, {}, seed=seed, architectures=named, config=config)


def only(folder: Path) -> Comparison:
    (comparison,) = compare(load_runs(folder))
    return comparison


def test_networks_are_paired_by_seed_and_architecture_wherever_they_stand(tmp_path: Path) -> None:
    made(tmp_path, {1: 0.5, 2: 0.25, 3: 0.75}, 0, inherit=False)
    made(tmp_path, {3: 0.5, 4: 0.1, 1: 0.25}, 0, inherit=True)
    made(tmp_path, {1: 0.9, 2: 0.4}, 1, inherit=True)  # nothing to pair with
    (found,) = contrasts(only(tmp_path))
    assert (found.first, found.second, found.given) == ("estimator.inherit=False", "estimator.inherit=True", "-")
    assert [(p.seed, p.first_trial, p.second_trial, p.difference) for p in found.pairs] == [
        (0, 0, 2, 0.25),
        (0, 2, 0, 0.25),
    ]


def test_held_out_losses_are_paired_beside_errors_where_both_have_them(tmp_path: Path) -> None:
    losses = {False: [4.0, None, 3.0], True: [3.5, 3.0, None]}
    for inherit, of_trials in losses.items():
        made(tmp_path / "plain", {1: 0.5, 2: 0.25, 3: 0.75}, 0, inherit=inherit)
        (run,) = (
            r for r in load_runs(tmp_path / "plain") if r.header.config["method"]["estimator"]["inherit"] == inherit
        )
        with RunWriter.open(tmp_path / "scored" / run.path.name, run.header) as writer:
            for trial, loss in zip(run.trials, of_trials, strict=True):
                scores = {**trial.evaluation.scores, **({} if loss is None else {"mlm_loss": loss})}
                writer.append_trial(replace(trial, evaluation=replace(trial.evaluation, scores=scores)))
            writer.finish({})
    (found,) = contrasts(only(tmp_path / "scored"))
    assert [(p.measure, p.first_trial, p.difference) for p in found.pairs] == [
        ("validation error", 0, 0.0),
        ("held-out loss of pre-training", 0, 0.5),
        ("validation error", 1, 0.0),
        ("validation error", 2, 0.0),
    ]


def test_what_differs_in_two_options_is_no_contrast(tmp_path: Path) -> None:
    for inherit in (True, False):
        for schedule in ("one_phase", "two_phase"):
            made(tmp_path, {1: 0.5, 2: 0.25}, 0, inherit=inherit, schedule=schedule)
    found = contrasts(only(tmp_path))
    assert sorted((each.first, each.second, each.given) for each in found) == [
        ("estimator.inherit=False", "estimator.inherit=True", "estimator.schedule=one_phase"),
        ("estimator.inherit=False", "estimator.inherit=True", "estimator.schedule=two_phase"),
        ("estimator.schedule=one_phase", "estimator.schedule=two_phase", "estimator.inherit=False"),
        ("estimator.schedule=one_phase", "estimator.schedule=two_phase", "estimator.inherit=True"),
    ]


def test_the_figure_has_mean_and_rank_test_over_networks_and_the_mean_of_each_seed(tmp_path: Path) -> None:
    with_, without = ([0.5, 0.3, 0.45], [0.4, 0.6]), ([0.6, 0.35, 0.4], [0.7, 0.8])
    for seed in (0, 1):
        made(tmp_path, dict(enumerate(with_[seed])), seed, inherit=True)
        made(tmp_path, dict(enumerate(without[seed])), seed, inherit=False)
    drawing = discover()["paired_networks"].draw([only(tmp_path)], Options())
    differences = [0.1, 0.05, -0.05, 0.3, 0.2]
    assert drawing.data["difference"].tolist() == pytest.approx(differences)
    assert drawing.table is not None
    (row,) = drawing.table.data.to_dict("records")
    assert (row["n"], row["by_seed"]) == (5, "+0.0333 +0.2500")
    assert row["difference"] == pytest.approx(0.12)
    assert row["low"] < 0.12 < row["high"]
    assert row["wilcoxon"] == pytest.approx(stats.wilcoxon(differences).pvalue)
    (name,) = drawing.figure.axes[0].get_yticklabels()
    assert name.get_text() == "estimator.inherit:\nFalse − True"


def test_without_networks_in_common_the_figure_says_so(tmp_path: Path) -> None:
    made(tmp_path, {1: 0.5, 2: 0.3}, 0, inherit=True)
    made(tmp_path, {1: 0.6, 2: 0.3}, 0, inherit=False)
    with pytest.raises(NothingToDrawError, match="have 3 networks in common"):
        discover()["paired_networks"].draw([only(tmp_path)], Options())
