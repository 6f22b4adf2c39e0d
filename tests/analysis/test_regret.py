from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.normalisation import transforms
from analysis.regret import best_seen, changes, elapsed, hypervolumes, on_grid, regret
from nasbench.records import Phase
from nasbench.results import RunWriter, read_run
from tests.analysis.runs import header, write_run


def test_three_clocks(tmp_path: Path) -> None:
    """A phase of 500 MACs and 4 s, then trials of 100 MACs and 1 s, the second of which failed."""
    run = read_run(write_run(tmp_path, "ws_nas", [(0.5, 0.5), None, (0.4, 0.5)], {}, phase_cost=500))
    np.testing.assert_allclose(elapsed(run, "cost"), [0.6, 0.8])
    np.testing.assert_allclose(elapsed(run, "seconds"), [5.0, 7.0])
    np.testing.assert_allclose(elapsed(run, "trials"), [1, 3])
    with pytest.raises(ValueError, match="no clock epochs: use cost, seconds, trials"):
        elapsed(run, "epochs")


def test_a_phase_between_trials_takes_its_seconds_there(tmp_path: Path) -> None:
    first = read_run(write_run(tmp_path, "ws_nas", [(0.5, 0.5), (0.4, 0.5)], {}, phase_cost=500)).trials
    later = tmp_path / "later.jsonl"
    with RunWriter.open(later, header("other")) as writer:
        writer.append_phase(Phase(name="training", cost=500, seconds=4.0))
        writer.append_trial(first[0])
        writer.append_phase(Phase(name="gradients", cost=30, seconds=2.0))
        writer.append_trial(replace(first[1], spent=first[1].spent + 30))
    np.testing.assert_allclose(elapsed(read_run(later), "seconds"), [5.0, 8.0])


def test_raw_and_normalised_hypervolume(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, "s_nas", [(0.5, 0.5), (0.4, 0.8), (0.6, 0.6)], {}))
    np.testing.assert_allclose(hypervolumes(run), [0.25, 0.27, 0.27])
    (transform,) = transforms([run]).values()
    # normalised (0.5, 0), (0, 1), (1, 0.5): 1.5 * 2, and 0.5 * 1 beside it
    np.testing.assert_allclose(hypervolumes(run, transform), [3.0, 3.5, 3.5])


def test_a_run_without_objectives_has_no_hypervolume(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, "s_nas", [None], {}))
    assert hypervolumes(run).tolist() == elapsed(run, "seconds").tolist() == []


def test_regret_is_against_all_points_together_or_a_given_front() -> None:
    fronts = [np.array([[0.5, 0.5]]), np.array([[0.4, 0.8], [0.9, 0.1]]), np.empty((0, 2))]
    # staircase 0.4, 0.5, 0.9 below (1, 1): 0.1 * 0.2 + 0.4 * 0.5 + 0.1 * 0.9
    assert best_seen(fronts, [1, 1]) == pytest.approx(0.31)
    assert best_seen([], [1, 1]) == 0.0
    np.testing.assert_allclose(regret([0.0, 0.25], best_seen(fronts, [1, 1])), [0.31, 0.06])
    np.testing.assert_allclose(regret([0.25], best_seen([[[0.0, 0.0]]], [1, 1])), [0.75])


def test_a_step_holds_from_its_time_to_the_next() -> None:
    grid = [0.0, 0.9, 1.0, 1.5, 2.0, 9.0]
    np.testing.assert_array_equal(on_grid([1.0, 2.0, 2.0], [0.1, 0.2, 0.3], grid), [0, 0, 0.1, 0.1, 0.3, 0.3])
    np.testing.assert_array_equal(on_grid([1.0], [0.1], [0.5], before=4.0), [4.0])


def test_a_step_function_is_known_from_where_it_changes() -> None:
    times, values = [1.0, 2.0, 3.0, 5.0, 6.0], [0.0, 0.2, 0.2, 0.3, 0.3]
    assert changes(times, values).tolist() == [2.0, 5.0]
    every = np.linspace(0, 7, 71)
    at = np.concatenate([[0.0], changes(times, values)])
    assert on_grid(at, on_grid(times, values, at), every).tolist() == on_grid(times, values, every).tolist()
