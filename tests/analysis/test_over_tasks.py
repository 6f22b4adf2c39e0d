"""Methods over tasks: what is aggregated, and what the figures say of it."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy import stats

from analysis.cli import main
from analysis.comparison import Comparison, compare
from analysis.draw import discover
from analysis.drawing import NothingToDrawError, Options
from analysis.load import load_runs
from analysis.over_tasks import notes, over_tasks
from nasbench.errors import InputError
from tests.analysis.runs import EPOCH, write_run
from tests.analysis.sweeps import nas

ERRORS = {"rte": {"a": 0.2, "b": 0.4, "c": 0.6}, "mrpc": {"a": 0.3, "b": 0.5, "c": 0.4}, "sst2": {"a": 0.1, "b": 0.6}}
"""Of a network of half the size: the hypervolume is half of 1 - error."""


def write(folder: Path) -> list[Comparison]:
    for task, of_task in ERRORS.items():
        write_run(folder / task, "unpruned", [(0.3, 1.0)], {0: 0.3}, task=task)
        for method, error in of_task.items():
            for seed in (0, 1):
                shifted = error + 0.02 * seed
                write_run(folder / task, method, [(error, 0.5)], {0: shifted}, task=task, seed=seed)
    return compare(load_runs(folder))


def test_methods_that_all_tasks_have_are_aggregated_and_others_named(tmp_path: Path) -> None:
    comparisons = write(tmp_path)
    (found,) = over_tasks(comparisons, methods=2)
    assert found.tasks == ("mrpc", "rte", "sst2")
    assert {method: [pytest.approx(task) for task in tasks] for method, tasks in found.scores.items()} == {
        "a": [(0.35, 0.34), (0.4, 0.39), (0.45, 0.44)],
        "b": [(0.25, 0.24), (0.3, 0.29), (0.2, 0.19)],
    }
    assert notes([found], comparisons) == ["minilm (embedded, laptop): left out, as not all tasks have them alike: c"]
    assert len(found.runs) == 12


def test_a_method_of_another_search_on_another_task_is_not_pooled(tmp_path: Path) -> None:
    for task, search in (("rte", "random_search"), ("mrpc", "local_search")):
        write_run(tmp_path / task, "s_nas", [(0.5, 0.5)], {0: 0.5}, task=task, config=nas("s_nas", search=search))
        for method in ("a", "b"):
            write_run(tmp_path / task, method, [(0.5, 0.5)], {0: 0.5}, task=task)
    (found,) = over_tasks(compare(load_runs(tmp_path)), methods=2)
    assert (list(found.scores), found.left_out) == (["a", "b"], ("s_nas",))


def test_repetitions_are_as_many_as_every_task_has(tmp_path: Path) -> None:
    comparisons = write(tmp_path)
    write_run(tmp_path / "rte", "a", [(0.2, 0.5)], {0: 0.9}, task="rte", seed=2)
    (found,) = over_tasks(compare(load_runs(tmp_path)), methods=2)
    assert len(found.scores["a"][1]) == 3
    assert [len(task) for task in found.rectangular()["a"]] == [2, 2, 2]
    (sentence,) = found.cut()
    assert sentence.startswith(
        "a has unequally many repetitions (2 of mrpc, 3 of rte, 2 of sst2): those after the first 2"
    )
    with pytest.raises(NothingToDrawError, match="no finished runs of 2 methods or more"):
        over_tasks(comparisons[:1], methods=2)


def epochs(amount: float) -> dict[str, Any]:
    """What differs in a header and its configuration between budgets."""
    budget = {"amount": amount, "unit": "epochs"}
    return {"budget": budget, "budget_macs": int(amount * EPOCH), "config": {"budget": budget}}


def test_tasks_of_different_budgets_are_not_pooled_and_what_is_left_out_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    for seed in range(5):  # more runs than any that all tasks have
        write_run(tmp_path, "a", [(0.9, 0.9)], {0: 0.9}, task="rte", seed=seed, **epochs(9.0))
    comparisons = compare(load_runs(tmp_path))
    (found,) = over_tasks(comparisons, methods=2)
    assert found.tasks == ("mrpc", "rte", "sst2")
    assert found.scores["a"][1] == pytest.approx((0.4, 0.39))
    assert {run.header.budget["amount"] for run in found.runs} == {2.0}
    assert notes([found], comparisons)[1:] == ["not pooled with what is shown, and left out: rte with budget 9 epochs"]


def test_each_budget_that_two_tasks_have_is_a_group_of_its_own(tmp_path: Path) -> None:
    for amount, error in ((1.0, 0.6), (5.0, 0.4)):
        for task in ("rte", "mrpc"):
            for method in ("a", "b"):
                write_run(tmp_path / task, method, [(error, 0.5)], {0: error}, task=task, **epochs(amount))
    comparisons = compare(load_runs(tmp_path))
    found = over_tasks(comparisons, methods=2)
    assert {group.name: group.scores["a"] for group in found} == {
        "minilm (embedded, laptop), 1 epochs": ((pytest.approx(0.2),),) * 2,
        "minilm (embedded, laptop), 5 epochs": ((pytest.approx(0.3),),) * 2,
    }
    assert notes(found, comparisons) == []
    data = discover()["aggregate"].draw(comparisons, Options()).data
    assert data.groupby("model")["iqm"].unique().map(list).to_dict() == {
        "minilm (embedded, laptop), 1 epochs": [pytest.approx(0.2)],
        "minilm (embedded, laptop), 5 epochs": [pytest.approx(0.3)],
    }
    assert data["iqm_low"].isna().all()  # one repetition says nothing of their spread
    assert data["improvement_high"].isna().all()


@pytest.mark.parametrize("change", [{"science_version": 2}, {"config": {"limits": {"train": 9}}}])
def test_a_task_of_another_science_version_or_other_limits_is_not_pooled(
    change: dict[str, Any], tmp_path: Path
) -> None:
    for method in ("a", "b"):
        write_run(tmp_path / "rte", method, [(0.5, 0.5)], {0: 0.5}, task="rte")
        write_run(tmp_path / "mrpc", method, [(0.5, 0.5)], {0: 0.5}, task="mrpc", **change)
    with pytest.raises(NothingToDrawError, match="share two tasks"):
        over_tasks(compare(load_runs(tmp_path)), methods=2)


def test_one_task_in_two_settings_of_its_own_counts_once_and_the_other_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    config = {"task": {"name": "rte", "split_seed": 7}}
    write_run(tmp_path, "a", [(0.9, 0.9)], {0: 0.9}, task="rte", config=config)
    comparisons = compare(load_runs(tmp_path))
    (found,) = over_tasks(comparisons, methods=2)
    assert found.scores["a"][1] == pytest.approx((0.4, 0.39))
    (sentence,) = notes([found], comparisons)[1:]
    assert sentence.endswith("left out: rte with task.name rte, task.split_seed 7")


def test_runs_of_one_setting_in_two_experiments_are_pooled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, when in enumerate(("first", "second")):
        for task in ("rte", "mrpc"):
            for method in ("a", "b"):
                write_run(tmp_path / f"{task}_{when}", method, [(0.5, 0.5)], {0: 0.5}, task=task, seed=seed)
    write_run(tmp_path / "rte_second", "a", [(0.5, 0.5)], {0: 0.5}, task="rte", seed=2)
    assert main([str(tmp_path), "--out", str(tmp_path / "out"), "--figure", "aggregate", "--report"]) == 0
    assert pd.read_csv(tmp_path / "out" / "aggregate.csv")["repetitions"].tolist() == [2, 2]
    told = "minilm (embedded, laptop): a has unequally many repetitions (2 of mrpc, 3 of rte): those after the first 2"
    assert f"note: aggregate: {told}" in capsys.readouterr().out
    assert f"note: {told}" in (tmp_path / "out" / "aggregate.txt").read_text()
    assert "unequally many repetitions" in (tmp_path / "out" / "aggregate-table.md").read_text()
    assert f"<li>{told}" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_the_critical_difference_diagram_ranks_mean_test_hypervolumes(tmp_path: Path) -> None:
    write(tmp_path)
    for seed in (0, 1):
        write_run(tmp_path, "c", [(0.5, 0.5)], {0: 0.3}, task="sst2", seed=seed)
    drawing = discover()["critical_difference"].draw(compare(load_runs(tmp_path)), Options())
    ranks = drawing.data.set_index("method")["rank"]
    assert ranks.to_dict() == {"a": 1.0, "b": pytest.approx(8 / 3), "c": pytest.approx(7 / 3)}
    # hypervolumes of each method on mrpc, rte and sst2
    expected = stats.friedmanchisquare([0.345, 0.395, 0.445], [0.245, 0.295, 0.195], [0.295, 0.195, 0.35]).pvalue
    assert drawing.data["friedman"].tolist() == [pytest.approx(expected)] * 3
    q = stats.studentized_range.ppf(0.95, 3, 1e6) / 2**0.5
    assert drawing.data["difference"][0] == pytest.approx(q * (3 * 4 / (6 * 3)) ** 0.5, rel=1e-4)
    assert drawing.data["groups"].tolist() == ["a", "a", "a"]


def test_the_aggregate_is_the_middle_half_and_compares_with_the_baseline(tmp_path: Path) -> None:
    comparisons = write(tmp_path)
    figure = discover()["aggregate"]
    data = figure.draw(comparisons, Options()).data.set_index("method")
    # of 0.34 0.35 0.39 0.40 0.44 0.45 the middle four
    assert data["iqm"]["a"] == pytest.approx((0.35 + 0.39 + 0.4 + 0.44) / 4)
    assert data["baseline"].tolist() == ["a", "a"]
    assert (data["improvement"]["b"], data["improvement_high"]["b"]) == (0.0, 0.0)
    named = figure.draw(comparisons, Options(baseline="b")).data.set_index("method")
    assert named["improvement"]["a"] == 1.0
    with pytest.raises(InputError, match="--baseline z is none of those compared: name a, b"):
        figure.draw(comparisons, Options(baseline="z"))
