from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.comparison import compare
from analysis.load import load_runs
from analysis.trajectory import horizon, hypervolume_over_cost, spent_epochs, trajectory
from nasbench.results import read_run
from tests.analysis.conftest import FRONT, TESTS
from tests.analysis.runs import write_run


def test_phases_come_first_and_the_last_value_stays(tmp_path: Path):
    run = read_run(write_run(tmp_path, "ws_nas", FRONT, TESTS, phase_cost=500))
    steps = trajectory(run)
    np.testing.assert_allclose(steps.epochs, [0.0, 0.6, 0.7, 0.8, 0.9])
    # 0.5 * 0.5, and a strip of 0.1 * 0.2 above it, and one of 0.3 * 0.3 beside it
    np.testing.assert_allclose(steps.values, [0.0, 0.25, 0.27, 0.27, 0.36])
    np.testing.assert_allclose(steps.at([0.0, 0.59, 0.6, 0.65, 0.9, 2.0]), [0.0, 0.0, 0.25, 0.25, 0.36, 0.36])
    assert spent_epochs(run) == pytest.approx(0.9)


def test_a_failed_trial_costs_and_adds_no_step(tmp_path: Path):
    run = read_run(write_run(tmp_path, "s_nas", [(0.5, 0.5), None, (0.4, 0.5)], {}))
    np.testing.assert_allclose(trajectory(run).epochs, [0.0, 0.1, 0.3])
    np.testing.assert_allclose(trajectory(run).values, [0.0, 0.25, 0.3])


def test_a_run_of_failed_trials_stays_at_zero(tmp_path: Path):
    steps = trajectory(read_run(write_run(tmp_path, "s_nas", [None], {})))
    np.testing.assert_array_equal(steps.at([0.0, 1.0]), [0.0, 0.0])


def test_methods_extend_flat_to_the_common_budget(experiment: Path):
    (comparison,) = compare(load_runs(experiment))
    assert horizon(comparison) == 2.0
    ends = hypervolume_over_cost(comparison).groupby("method").last()
    assert set(ends["cost_epochs"]) == {2.0}
    assert ends.loc["ws_nas", "mean"] == pytest.approx(0.36)
    assert ends.loc["unpruned", "mean"] == 0.0


def test_without_a_budget_in_epochs_the_longest_run_ends_the_axis(tmp_path: Path):
    budget: dict[str, Any] = {"budget": {"amount": 3, "unit": "trials"}, "budget_macs": None}
    write_run(tmp_path, "s_nas", [(0.5, 0.5)] * 3, {0: 0.5}, trial_cost=600, **budget)
    write_run(tmp_path, "ws_nas", [(0.5, 0.5)], {0: 0.5}, **budget)
    (comparison,) = compare(load_runs(tmp_path))
    assert horizon(comparison) == pytest.approx(1.8)


def test_mean_and_range_over_seeds_at_the_steps_of_either(tmp_path: Path):
    write_run(tmp_path, "s_nas", [(0.5, 0.5)], {0: 0.5}, seed=0, trial_cost=1000)
    write_run(tmp_path, "s_nas", [(0.5, 0.4)], {0: 0.5}, seed=1, trial_cost=1500)
    (comparison,) = compare(load_runs(tmp_path))
    frame = hypervolume_over_cost(comparison)
    assert frame["cost_epochs"].tolist() == [0.0, 1.0, 1.5, 2.0]
    np.testing.assert_allclose(frame["mean"], [0.0, 0.125, 0.275, 0.275])
    np.testing.assert_allclose(frame["low"], [0.0, 0.0, 0.25, 0.25])
    np.testing.assert_allclose(frame["high"], [0.0, 0.25, 0.3, 0.3])
    assert set(frame["seeds"]) == {2}


def test_an_unfinished_run_is_not_extended(tmp_path: Path):
    write_run(tmp_path, "s_nas", [(0.5, 0.5)], {}, finished=False)
    (comparison,) = compare(load_runs(tmp_path))
    assert hypervolume_over_cost(comparison).empty
