import math
from pathlib import Path

import pandas as pd
import pytest

from analysis.comparison import compare
from analysis.load import load_runs
from analysis.table import cells, end_table, headings
from tests.analysis.conftest import FRONT, TESTS
from tests.analysis.runs import write_run


def table_of(folder: Path) -> pd.DataFrame:
    (comparison,) = compare(load_runs(folder))
    return end_table(comparison)


def test_methods_come_in_the_house_order_with_hand_computed_numbers(experiment: Path):
    frame = table_of(experiment).set_index("method")
    assert list(frame.index) == ["unpruned", "s_nas", "ws_nas"]
    row = frame.loc["ws_nas"]
    # 0.335, and with 0.1 less test error a strip of 0.1 * 0.8 more: mean 0.375, standard deviation 0.08 / sqrt(2)
    assert row["hypervolume"] == pytest.approx(0.375)
    assert row["hypervolume_std"] == pytest.approx(0.08 / math.sqrt(2))
    assert row["score_25"] == pytest.approx((0.35 + 0.45) / 2)
    assert row["score_50"] == row["score_75"] == pytest.approx((0.4 + 0.5) / 2)
    assert row["score_100"] == pytest.approx((0.55 + 0.65) / 2)
    assert row["cost_epochs"] == pytest.approx(0.9)
    assert row["seconds"] == pytest.approx(4.0 + 4 * 1.0 + 3 * 0.5)
    assert (row["trials"], row["seeds"]) == (4, 2)


def test_one_seed_has_no_spread_and_no_member_no_score(experiment: Path):
    row = table_of(experiment).set_index("method").loc["unpruned"]
    assert row[["hypervolume_std", "score_75"]].isna().all()
    assert row["score_100"] == pytest.approx(0.58)
    shown = dict(zip(headings("f1"), cells(table_of(experiment))[0], strict=True))
    assert (shown["f1 ≤75%"], shown["f1 ≤100%"], shown["hypervolume"]) == ("-", "0.580", "0.000")


def test_a_mean_over_some_seeds_alone_says_so(tmp_path: Path):
    write_run(tmp_path, "s_nas", [(0.5, 0.2)], {0: 0.5}, seed=0)
    write_run(tmp_path, "s_nas", [(0.5, 0.9)], {0: 0.4}, seed=1)
    (shown,) = cells(table_of(tmp_path))
    assert shown[headings("f1").index("f1 ≤25%")] == "0.500 (1 of 2)"


def test_unfinished_runs_are_marked_and_not_in_the_means(tmp_path: Path):
    write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=0)
    write_run(tmp_path, "ws_nas", FRONT[:1], {}, seed=1, finished=False)
    write_run(tmp_path, "s_nas", FRONT[:1], {}, seed=0, finished=False)
    s_nas, ws_nas = cells(table_of(tmp_path))
    assert s_nas == ["s_nas", "0 (+1 unfinished)", *["-"] * 8]
    assert ws_nas[1:3] == ["1 (+1 unfinished)", "0.335"]
