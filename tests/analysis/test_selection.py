from pathlib import Path

import numpy as np
import pytest

from analysis.selection import best_within, front, hypervolume_of, members, suggest
from nasbench.errors import InputError
from nasbench.results import read_run
from tests.analysis.conftest import FRONT, TESTS
from tests.analysis.runs import write_run


def grid_hypervolume(points: list[tuple[float, float]], cells: int = 40) -> float:
    """Share of the unit square's cells whose centre some point dominates: exact for points on the grid."""
    centre = (np.arange(cells) + 0.5) / cells
    x, y = np.meshgrid(centre, centre)
    covered = np.zeros_like(x, dtype=bool)
    for a, b in points:
        covered |= (x >= a) & (y >= b)
    return float(covered.mean())


def test_hypervolume_is_of_the_test_points_of_the_validation_front(tmp_path: Path):
    run = read_run(write_run(tmp_path, "ws_nas", FRONT, TESTS))
    assert front(run) == [0, 1, 3]
    assert hypervolume_of([member.test_point for member in members(run)]) == pytest.approx(0.335)


def test_hypervolume_equals_a_brute_force_grid():
    stream = np.random.default_rng(3)
    for _ in range(20):
        points = [(float(a), float(b)) for a, b in stream.integers(0, 45, size=(6, 2)) / 40]  # some beyond (1, 1)
        assert hypervolume_of(points) == pytest.approx(grid_hypervolume(points))


def test_the_test_split_selects_nothing(tmp_path: Path):
    # Trial 1 is best on validation, trial 0 on test; the dominated trial 2 has the best test error of all.
    run = read_run(write_run(tmp_path, "ws_nas", FRONT, {0: 0.3, 1: 0.45, 2: 0.05, 3: 0.65}))
    chosen = best_within(members(run), 1.0)
    assert chosen is not None
    assert (chosen.trial, chosen.test_score) == (1, pytest.approx(0.55))
    assert [member.trial for member in members(run)] == [3, 0, 1]


@pytest.mark.parametrize(("fraction", "trial"), [(0.1, None), (0.2, 3), (0.49, 3), (0.5, 0), (0.8, 1), (1.0, 1)])
def test_best_within_takes_members_of_at_most_the_fraction(tmp_path: Path, fraction: float, trial: int | None):
    run = read_run(write_run(tmp_path, "ws_nas", FRONT, TESTS))
    chosen = best_within(members(run), fraction)
    assert (chosen.trial if chosen else None) == trial


def test_suggests_the_smallest_within_five_percent_of_the_best_score(tmp_path: Path):
    points = [(0.40, 0.9), (0.425, 0.4), (0.44, 0.3), (0.9, 0.1)]  # scores 0.60, 0.575, 0.56; 0.95 * 0.60 = 0.57
    run = read_run(write_run(tmp_path, "ws_nas", points, {0: 0.9, 1: 0.9, 2: 0.1, 3: 0.9}))
    assert suggest(run) == 1


def test_suggests_within_five_percent_of_a_negative_best_score(tmp_path: Path):
    points = [(1.100, 0.9), (1.104, 0.5), (1.2, 0.1)]  # scores -0.100, -0.104, -0.2: at least -0.105 is enough
    run = read_run(write_run(tmp_path, "ws_nas", points, {0: 1.0, 1: 1.0, 2: 1.0}))
    assert suggest(run) == 1


def test_a_run_of_failed_trials_has_nothing_to_suggest(tmp_path: Path):
    run = read_run(write_run(tmp_path, "ws_nas", [None, None], {}))
    assert suggest(run) is None
    assert hypervolume_of([member.test_point for member in members(run)]) == 0.0


def test_a_row_without_the_metric_is_told_in_a_sentence(tmp_path: Path):
    run = read_run(write_run(tmp_path, "ws_nas", FRONT, TESTS, metric="accuracy"))
    with pytest.raises(InputError, match="a row without accuracy"):
        members(run)
