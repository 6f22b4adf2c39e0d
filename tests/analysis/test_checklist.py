from pathlib import Path
from typing import Any

import pytest

from analysis import checks
from analysis.checklist import Source, by_source, checklist
from analysis.checks import Answer, Finding
from analysis.comparison import Comparison, compare
from analysis.load import load_runs
from tests.analysis.conftest import FRONT, TESTS
from tests.analysis.runs import write_run
from tests.analysis.sweeps import nas


def one(folder: Path) -> Comparison:
    (comparison,) = compare(load_runs(folder))
    return comparison


def test_every_question_has_an_answer_and_its_evidence(experiment: Path) -> None:
    found = by_source(checklist(one(experiment)))
    assert list(found) == list(Source)
    assert all(items for items in found.values())
    assert all(item.finding.evidence for items in found.values() for item in items)


def test_a_run_without_any_finished_one_beside_it_can_be_asked_too(tmp_path: Path) -> None:
    write_run(tmp_path, "ws_nas", FRONT, {}, finished=False)
    answers = {item.question: item.finding.answer for item in checklist(one(tmp_path))}
    assert answers["Is the number of training and evaluation runs exact?"] is Answer.NO


def test_seeds_are_counted_by_method(experiment: Path, tmp_path: Path) -> None:
    found = checks.seeds(one(experiment))
    assert (found.answer, found.evidence) == (
        Answer.PARTLY,
        "unpruned: seeds 0; s_nas: seeds 0; ws_nas: seeds 0, 1",
    )
    write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=0)
    assert checks.seeds(one(tmp_path)).answer is Answer.NO
    write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=1)
    assert checks.seeds(one(tmp_path)).answer is Answer.YES


def test_a_test_score_of_a_trial_off_the_front_is_told(tmp_path: Path) -> None:
    write_run(tmp_path, "ws_nas", FRONT, TESTS)
    assert checks.selection(one(tmp_path)) == Finding(Answer.YES, "all 3 test rows are of members of validation fronts")
    path = write_run(tmp_path, "s_nas", FRONT, TESTS | {2: 0.1})  # 2 is dominated
    found = checks.selection(one(tmp_path))
    assert (found.answer, found.evidence) == (
        Answer.NO,
        f"test rows of trials off the validation front: {path.name} trial 2",
    )


def test_a_run_that_spent_more_than_its_budget_is_told(tmp_path: Path) -> None:
    write_run(tmp_path, "within", [(0.5, 0.5)], {0: 0.5}, trial_cost=2000)
    assert checks.budgets(one(tmp_path)).answer is Answer.YES
    write_run(tmp_path, "beyond", [(0.5, 0.5)], {0: 0.5}, trial_cost=2001)
    found = checks.budgets(one(tmp_path))
    assert found.answer is Answer.NO
    assert found.evidence.endswith("above it: beyond")


@pytest.mark.parametrize(
    ("budget", "answer"),
    [
        ({"amount": 4.0, "unit": "trials"}, Answer.YES),
        ({"amount": 3.0, "unit": "trials"}, Answer.NO),  # there are four
        (
            {"amount": 7.5, "unit": "seconds"},
            Answer.YES,
        ),  # a phase of 4 s and three trials of 1 s, then the last begins
        ({"amount": 7.0, "unit": "seconds"}, Answer.NO),
        ({}, Answer.NOT_RECORDED),
    ],
)
def test_budgets_in_trials_and_seconds_are_checked_too(budget: dict[str, Any], answer: Answer, tmp_path: Path) -> None:
    write_run(tmp_path, "ws_nas", FRONT, TESTS, phase_cost=500, budget=budget, budget_macs=None)
    found = checks.budgets(one(tmp_path))
    assert (found.answer, "above it: ws_nas" in found.evidence) == (answer, answer is Answer.NO)


def test_sizes_of_splits_are_not_said_to_be_there(tmp_path: Path) -> None:
    write_run(tmp_path, "ws_nas", FRONT, TESTS, config={"limits": {"train": 1024}})
    found = checks.data(one(tmp_path))
    assert found.answer is Answer.PARTLY
    assert "limits.train: 1024" in found.evidence


@pytest.mark.parametrize(
    ("check", "changes", "evidence"),
    [
        (checks.code, {"provenance": {"commit": "f" * 40, "dirty": True}}, "with uncommitted changes"),
        (checks.code, {"provenance": {"commit": None, "dirty": None}}, "unknown code"),
        (checks.confounders, {"numerics": {"threads": 2}}, "threads: 1, 2"),
        (checks.confounders, {"provenance": {"cpu": "another"}}, "cpu"),
        (checks.hardware, {"provenance": {"cores": 4}}, "unknown processor, 4 cores, 1 threads"),
    ],
)
def test_one_run_of_other_provenance_is_enough_for_a_no(
    check: Any, changes: dict[str, Any], evidence: str, tmp_path: Path
) -> None:
    known = {"commit": "0123456789abcdef", "dirty": False, "cpu": "a processor"}
    write_run(tmp_path, "ws_nas", FRONT, TESTS, provenance=known)
    assert check(one(tmp_path)).answer is Answer.YES
    write_run(tmp_path, "s_nas", FRONT, TESTS, **changes)
    found = check(one(tmp_path))
    assert found.answer is Answer.NO
    assert evidence in found.evidence


def test_search_spaces_ablations_and_random_search_are_read_from_the_configuration(swept: list[Comparison]) -> None:
    comparison = swept[0]
    spaces = checks.search_spaces(comparison)
    assert spaces.answer is Answer.YES
    assert spaces.evidence.endswith("; up to 3 layers of 4 heads and 9 units")
    assert "space=large" in spaces.evidence
    assert checks.random_search(comparison).answer is Answer.YES
    told = checks.ablations(comparison)
    assert "ws_nas by strategy (standard, sandwich, full)" in told.evidence
    assert "s_nas by search (random_search, local_search)" in told.evidence
    assert checks.tables(comparison).evidence.startswith("4 of ")


def test_what_is_missing_is_not_said_to_be_there(tmp_path: Path) -> None:
    write_run(tmp_path, "s_nas", FRONT, TESTS, config=nas("s_nas", search="local_search"))
    comparison = one(tmp_path)
    assert checks.random_search(comparison).answer is Answer.NO
    assert checks.ablations(comparison).answer is Answer.NO
    assert checks.tables(comparison).answer is Answer.NO
    assert checks.dependencies(comparison).answer is Answer.NO
    assert {checks.tuning(comparison).answer, checks.energy(comparison).answer} == {Answer.NOT_RECORDED}


def test_training_that_differs_between_methods_is_told(tmp_path: Path) -> None:
    for method, rate in (("ws_nas", 1e-3), ("s_nas", 1e-3)):
        write_run(tmp_path, method, FRONT, TESTS, config={"training": {"learning_rate": rate}})
    assert checks.same_problem(one(tmp_path)).answer is Answer.YES
    write_run(tmp_path, "unpruned", FRONT, TESTS, config={"training": {"learning_rate": 1e-4}})
    assert checks.same_problem(one(tmp_path)).answer is Answer.PARTLY
