import math
import shutil
from pathlib import Path

import pytest

from analysis.comparison import compare, mixture
from analysis.load import load_runs, load_trials
from analysis.selection import members
from tests.analysis.conftest import FRONT, TESTS
from tests.analysis.runs import write_run


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"task": "rte"}, "task (bbc_cloze, rte)"),
        ({"model": "distilbert"}, "model (distilbert, minilm)"),
        ({"source": "hub"}, "source (embedded, hub)"),
        ({"scale": "paper"}, "scale (laptop, paper)"),
        ({"science_version": 2}, "science_version (1, 2)"),
        ({"budget": {"amount": 4.0, "unit": "epochs"}, "budget_macs": 4000}, "budget (2 epochs, 4 epochs)"),
        ({"fingerprints": {"data": "e" * 64, "checkpoint": "c" * 64}}, "fingerprints.data (dddddddddddd"),
        ({"fingerprints": {"data": "d" * 64, "checkpoint": "e" * 64}}, "fingerprints.checkpoint"),
        ({"config": {"limits": {"train": 9}}}, "limits.train (9, none)"),
        ({"epoch_macs": 999}, "epoch_macs (1000, 999)"),
    ],
)
def test_runs_of_different_settings_are_named_and_never_pooled(tmp_path: Path, change: dict, named: str):
    write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=0)
    write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=1, name="other.jsonl", **change)
    comparisons = compare(load_runs(tmp_path))
    assert [len(comparison.methods["ws_nas"]) for comparison in comparisons] == [1, 1]
    assert comparisons[0].setting.digest != comparisons[1].setting.digest
    note, *others = mixture(comparisons)
    assert "2 settings, never pooled" in note
    assert named in note
    assert bool(others) == ("none" in named)


def test_settings_and_methods_that_merely_lack_an_option_are_named(tmp_path: Path):
    old, new = {"name": "minilm"}, {"name": "minilm", "drop_layer_norm": False}
    for seed in (0, 1):
        write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=seed, config={"model": old})
    write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=2, config={"model": new})
    write_run(tmp_path, "s_nas", FRONT, TESTS, seed=2, config={"model": new, "method": {"name": "s_nas", "k": 1}})
    write_run(tmp_path, "s_nas", FRONT, TESTS, seed=3, config={"model": new, "method": {"name": "s_nas"}})
    comparisons = compare(load_runs(tmp_path))
    assert [len(comparison.finished()) for comparison in comparisons] in ([2, 3], [3, 2])
    (lacking,) = mixture(comparisons)[1:]
    assert lacking.startswith("ws_nas of seeds 0, 1 differ from others in nothing but that they lack model.drop_l")
    assert "model.drop_layer_norm (false)" in lacking
    (note,) = [note for comparison in comparisons for note in comparison.notes if "lack" in note and "option" in note]
    assert note.startswith("s_nas of seeds 3 differ from others in nothing but that they lack method.k (1)")


def test_equal_settings_are_one_comparison_without_notes(experiment: Path):
    comparisons = compare(run for run in load_runs(experiment) if run.header.method == "ws_nas")
    assert len(comparisons) == 1
    assert mixture(comparisons) == []
    assert comparisons[0].notes == ()


def test_a_copied_run_counts_once_and_is_named(experiment: Path):
    original = next(run.path for run in load_runs(experiment) if run.header.method == "unpruned")
    shutil.copy(original, experiment / "zz_copy.jsonl")
    (comparison,) = compare(load_runs(experiment))
    assert len(comparison.methods["unpruned"]) == 1
    assert any("zz_copy.jsonl" in note and "is the same run as" in note for note in comparison.notes)


def test_a_finished_run_counts_before_its_unfinished_copy(tmp_path: Path):
    write_run(tmp_path, "ws_nas", FRONT, TESTS, finished=False, name="a.jsonl")
    write_run(tmp_path, "ws_nas", FRONT, TESTS, name="b.jsonl")
    (comparison,) = compare(load_runs(tmp_path))
    assert [run.path.name for run in comparison.methods["ws_nas"]] == ["b.jsonl"]


def test_unfinished_runs_missing_seeds_and_failed_trials_are_named(experiment: Path):
    write_run(experiment, "layer_dropping", FRONT[:2], {}, seed=1, finished=False)
    (comparison,) = compare(load_runs(experiment))
    notes = "\n".join(comparison.notes)
    assert "layer_dropping seed 1" in notes
    assert "is unfinished, after 2 trials" in notes
    assert "s_nas has no finished run of seed 1, which other methods have" in notes
    assert "of 3 trials 1 failed" in notes
    assert comparison.finished("layer_dropping") == ()
    assert len(comparison.finished()) == 4


@pytest.mark.parametrize("tests", [{0: 0.6, 3: 0.65}, {0: 0.6, 1: math.nan, 3: 0.65}])
def test_a_front_member_without_test_results_is_named(tests: dict[int, float], tmp_path: Path):
    write_run(tmp_path, "ws_nas", FRONT, tests)
    (comparison,) = compare(load_runs(tmp_path))
    assert any("lacks test results of its front's trials 1" in note for note in comparison.notes)
    assert sorted(member.trial for member in members(comparison.methods["ws_nas"][0])) == [0, 3]
    assert load_trials(tmp_path).set_index("trial")["test_score"].dropna().index.tolist() == [0, 3]


def test_different_numerics_are_named(tmp_path: Path):
    write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=0)
    write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=1, numerics={"threads": 4})
    (comparison,) = compare(load_runs(tmp_path))
    assert any("different threads (1, 4)" in note for note in comparison.notes)


def test_runs_of_a_method_under_two_configurations_are_told_apart(tmp_path: Path):
    for strategy in ("Sandwich", "Random"):
        for seed in (0, 1):
            method = {"name": "ws_nas", "strategy": {"_target_": f"nasbench.supernet.{strategy}", "seed": seed}}
            write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=seed, config={"method": method})
    (comparison,) = compare(load_runs(tmp_path))
    assert list(comparison.methods) == ["ws_nas (strategy=Random)", "ws_nas (strategy=Sandwich)"]
    assert all(len(runs) == 2 for runs in comparison.methods.values())


def test_configurations_that_differ_in_much_still_have_labels_of_their_own(tmp_path: Path):
    for value in (1, 2, 3):
        options = {f"option_{i}": 0 for i in range(5)} | {"option_4": value, "option_0": value % 2}
        options |= {"option_1": value, "option_2": value, "option_3": value}
        write_run(tmp_path, "ws_nas", FRONT, TESTS, config={"method": options})
    (comparison,) = compare(load_runs(tmp_path))
    assert len(comparison.methods) == 3


def test_the_order_of_runs_changes_nothing(experiment: Path):
    write_run(experiment, "ws_nas", FRONT, TESTS, seed=0, name="copy.jsonl", phase_cost=500)
    runs = load_runs(experiment)
    assert compare(runs) == compare(reversed(runs))
