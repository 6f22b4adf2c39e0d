import re
from pathlib import Path

import numpy as np
import pytest

from analysis.candidates import candidates
from analysis.comparison import compare
from analysis.draw import discover
from analysis.drawing import Options
from analysis.load import load_runs
from analysis.stopping import RULES, Curve, curve_of, extrapolated, last_seen, stop
from tests.analysis.phases import Made, write_phases

HALVES = np.array([0.25, 0.5, 0.75, 1.0])


def curve(losses: list[float], error: float, total: float = 10.0) -> Curve:
    """Four points, each 2 MACs apart; fine-tuning takes the rest of the total."""
    return Curve(progress=HALVES, losses=np.array(losses), costs=8 * HALVES, total=total, error=error)


def test_stopping_the_worse_half_by_hand() -> None:
    good, late, bad = curve([5, 4, 3, 2], 0.2), curve([9, 8, 4, 1], 0.1), curve([6, 5, 5, 5], 0.6)
    poor = curve([7, 6, 6, 6], 0.7, total=20.0)
    half = stop([good, late, bad, poor], 0.5, last_seen)
    # 4 5 6 8: the late one and the poor one go after 4 of 10 and 4 of 20
    assert half.saved == pytest.approx((6 + 16) / 50)
    assert half.lost == pytest.approx(0.1)
    assert half.overlap == 0.5
    end = stop([good, late, bad, poor], 1.0, last_seen)
    assert (end.saved, end.lost, end.overlap) == (pytest.approx((2 + 12) / 50), 0.0, 1.0)


def test_of_an_odd_number_the_larger_half_stays_and_of_equals_the_first() -> None:
    same = [curve([1, 1, 1, 1], error) for error in (0.3, 0.2, 0.1)]
    outcome = stop(same, 0.25, last_seen)
    assert outcome.saved == pytest.approx(8 / 30)
    assert outcome.lost == pytest.approx(0.1)
    with pytest.raises(ValueError, match="of 1 curves"):
        stop(same[:1], 0.5, last_seen)


def test_a_curve_that_falls_with_the_logarithm_of_progress_is_foreseen() -> None:
    straight = curve(list(3 - 0.5 * np.log(HALVES)), 0.1)
    for at in (0.5, 0.75, 1.0):
        assert extrapolated(straight, at) == pytest.approx(3.0)
    assert extrapolated(straight, 0.25) == last_seen(straight, 0.25) == pytest.approx(3 + 0.5 * np.log(4))


def test_before_the_first_point_nothing_can_be_decided() -> None:
    for rule in RULES.values():
        assert rule(curve([5, 4, 3, 2], 0.1), 0.25) == 5.0
        with pytest.raises(ValueError, match="at 24% that begins at 25%"):
            rule(curve([5, 4, 3, 2], 0.1), 0.24)


def test_extrapolation_keeps_what_falls_fast() -> None:
    slow, fast = curve([3.0, 2.9, 2.8, 2.8], 0.5), curve([6.0, 4.0, 2.5, 2.0], 0.2)
    assert stop([slow, fast], 0.5, last_seen).lost == pytest.approx(0.3)
    assert stop([slow, fast], 0.5, extrapolated).lost == 0.0


def test_the_curve_of_a_candidate_goes_through_both_phases(tmp_path: Path) -> None:
    write_phases(tmp_path, [[Made(3.0, 2.0, 0.5, 1.0)], [Made(4.0, 3.0, 0.4, 1.0), None]], finish_all=False)
    (run,) = load_runs(tmp_path)
    initial, child, diverged = candidates(run)
    found = curve_of(run, child)
    assert found is not None
    assert found.progress.tolist() == pytest.approx([2 / 24, 4 / 24, 6 / 24, 8 / 24, 12 / 24, 16 / 24, 20 / 24, 1.0])
    assert found.costs.tolist() == pytest.approx([20, 40, 60, 80, 120, 160, 200, 240])
    assert (found.total, found.error) == (540.0, 0.4)  # 8 + 16 + 30 steps of 10 MACs
    # measured on held-out text at the ends of phases alone: training losses then, on lines from 9 to 4 and on to 3
    assert found.losses.tolist() == pytest.approx([9, 22 / 3, 17 / 3, 4, 4, 11 / 3, 10 / 3, 3])
    assert curve_of(run, diverged) is None
    assert curve_of(run, initial) is not None


def test_candidates_are_judged_by_held_out_text_as_the_search_does(tmp_path: Path) -> None:
    path = write_phases(tmp_path, [[Made(3.0, 2.0, 0.5, 1.0)], [Made(4.0, 3.0, 0.4, 1.0)]])
    text = path.read_text()
    path.write_text(re.sub(r"\[(\d+), ([\d.]+), null\]", r"[\1, \2, 7\1.5]", text))
    (run,) = load_runs(tmp_path)
    found = curve_of(run, candidates(run)[1])
    assert found is not None
    assert found.losses.tolist() == pytest.approx([72.5, 74.5, 76.5, 4.1, 74.5, 78.5, 712.5, 3.1])


def test_the_figure_begins_where_something_was_measured(tmp_path: Path) -> None:
    write_phases(tmp_path, [[Made(3.0, 2.0, 0.5, 1.0)], [Made(4.0, 3.0, 0.4, 1.0), Made(5.0, 3.5, 0.3, 1.0)]])
    (comparison,) = compare(load_runs(tmp_path))
    data = discover()["early_stopping"].draw([comparison], Options()).data
    assert data["share"].min() == 0.1  # 2 of 24 steps, and shares are multiples of 0.05
