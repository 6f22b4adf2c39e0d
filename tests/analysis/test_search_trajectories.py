import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymoo.indicators.hv import HV
from sklearn.preprocessing import QuantileTransformer

from analysis.comparison import Comparison, compare
from analysis.draw import discover
from analysis.drawing import Clock, NothingToDrawError, Options
from analysis.load import load_runs
from tests.analysis.runs import Point, write_run
from tests.analysis.sweeps import nas

SEARCHES: Mapping[tuple[str, int], Sequence[Point]] = {
    ("random_search", 0): [(0.5, 0.5), (0.4, 0.5)],  # 0.25, 0.3
    ("random_search", 1): [(0.9, 0.9), (0.5, 0.9)],  # 0.01, 0.05
    ("local_search", 0): [(0.3, 0.4)],  # 0.42
    ("local_search", 1): [(0.6, 0.6), (0.2, 0.7), (0.9, 0.9)],  # 0.16, 0.16 + 0.4 * 0.3 = 0.28
}


def searched(folder: Path) -> list[Comparison]:
    for (search, seed), points in SEARCHES.items():
        write_run(folder, "s_nas", points, {}, seed=seed, config=nas("s_nas", seed, search=search))
    return compare(load_runs(folder))


def test_raw_hypervolume_and_regret_are_those_worked_out_by_hand(tmp_path: Path):
    data = discover()["klein_fig11"].draw(searched(tmp_path), Options()).data
    raw: Any = data[data["view"] == "raw"].set_index(["search", "cost"])
    # A trial costs 0.1 epochs; all searches extend flat to the longest run, of three trials.
    assert raw.loc["random_search", "hypervolume"].to_dict() == pytest.approx({0.1: 0.13, 0.2: 0.175, 0.3: 0.175})
    assert raw.loc["local_search", "hypervolume"].to_dict() == pytest.approx({0.1: 0.29, 0.2: 0.35, 0.3: 0.35})
    # The best seen by all is the front of (0.3, 0.4) and (0.2, 0.7): 0.7 * 0.6 + 0.1 * 0.3 = 0.45.
    assert (raw["hypervolume"] + raw["regret"]).tolist() == pytest.approx([0.45] * 6)
    assert raw.loc[("random_search", 0.1), "std"] == pytest.approx(0.24 / 2**0.5)
    assert set(raw["repetitions"]) == {2}


def test_normalised_hypervolume_equals_that_of_other_libraries(tmp_path: Path):
    data = discover()["klein_fig11"].draw(searched(tmp_path), Options(clock=Clock.TRIALS)).data
    normalised = data[data["view"] == "normalised"].set_index(["search", "trials"])
    observed = np.array([point for points in SEARCHES.values() for point in points])
    oracle, indicator = QuantileTransformer(n_quantiles=len(observed)).fit(observed), HV(ref_point=np.array([2.0, 2.0]))
    best = indicator(oracle.transform(observed))
    for search in ("random_search", "local_search"):
        for trials in (1, 2, 3):
            seen = [np.array(SEARCHES[search, seed][:trials]) for seed in (0, 1)]
            mean = np.mean([indicator(oracle.transform(points)) for points in seen])
            assert normalised.loc[(search, trials), "hypervolume"] == pytest.approx(mean)
            assert normalised.loc[(search, trials), "regret"] == pytest.approx(best - mean)


def test_nothing_is_said_of_the_time_before_every_run_has_a_trial(tmp_path: Path):
    for (search, seed), points in SEARCHES.items():
        config, phase = nas("ws_nas", seed, search=search, strategy="full"), 500 + 100 * seed
        write_run(tmp_path, "ws_nas", points, {}, seed=seed, phase_cost=phase, config=config)
    data = discover()["klein_fig12"].draw(compare(load_runs(tmp_path)), Options()).data
    assert data.groupby("search")["cost"].min().to_dict() == pytest.approx({"local_search": 0.7, "random_search": 0.7})
    data = discover()["klein_fig12"].draw(compare(load_runs(tmp_path)), Options(clock=Clock.SECONDS)).data
    assert data["seconds"].min() == pytest.approx(5.0)  # 4 s of the phase and 1 s of a trial


def test_all_figures_of_a_comparison_share_the_transform_of_all_its_methods(swept: list[Comparison]):
    names = ("klein_fig5", "klein_fig7", "klein_fig11", "klein_fig12")
    drawn = [discover()[name].draw(swept[:1], Options()) for name in names]
    (stored,) = {drawing.files["-transform.json"] for drawing in drawn}
    values = json.loads(stored)["values"]
    for place, name in enumerate(("error", "size")):
        trials = [trial for run in swept[0].finished() for trial in run.trials if trial.ok]
        assert values[place] == sorted({trial.evaluation.validation[name] for trial in trials})


def test_one_search_is_not_enough(tmp_path: Path):
    write_run(tmp_path, "s_nas", [(0.5, 0.5)], {}, config=nas("s_nas"))
    with pytest.raises(NothingToDrawError, match="no finished runs of s_nas differ in nothing but their search"):
        discover()["klein_fig11"].draw(compare(load_runs(tmp_path)), Options())


def test_what_is_better_on_every_task_ranks_first(tmp_path: Path):
    for task in ("rte", "mrpc", "cola"):
        for seed in (0, 1, 2):
            for search, error in (("random_search", 0.5), ("local_search", 0.4), ("ehvi", 0.3)):
                if (task, search) != ("cola", "ehvi"):
                    config = nas("s_nas", seed, search=search)
                    write_run(tmp_path / task, "s_nas", [(error, 0.5)] * 2, {}, seed=seed, task=task, config=config)
    write_run(tmp_path / "cola", "s_nas", [(0.5, 0.5)], {}, seed=3, task="cola", config=nas("s_nas", 3))
    drawing = discover()["klein_fig6"].draw(compare(load_runs(tmp_path)), Options())
    data = drawing.data
    # EHVI is not there on every task, so it is not ranked.
    assert drawing.notes == [
        "s_nas · minilm (embedded, laptop): left out, as not all tasks have them: ehvi",
        "s_nas · minilm (embedded, laptop): there are unequally many repetitions (4 of random_search on cola): "
        "those after the first 3 are left out",
    ]
    assert data.groupby("search")["rank"].unique().map(list).to_dict() == {
        "local_search": [1.0],
        "random_search": [2.0],
    }
    assert (data["low"] == data["rank"]).all()
    assert (data["high"] == data["rank"]).all()
    assert (set(data["tasks"]), set(data["repetitions"])) == ({3}, {3})
    assert sorted(data["time"].unique()) == pytest.approx(np.linspace(0, 1, 101))


def test_budgets_are_ranked_apart_and_a_task_without_a_second_search_is_named(tmp_path: Path):
    for task, amount, errors in (("rte", 1.0, (0.3, 0.4)), ("rte", 5.0, (0.4, 0.3)), ("mrpc", 5.0, (0.4, 0.3))):
        for search, error in zip(("random_search", "local_search"), errors, strict=True):
            budget = {"amount": amount, "unit": "epochs"}
            config = nas("s_nas", search=search) | {"budget": budget}
            write_run(tmp_path / task, "s_nas", [(error, 0.5)], {}, task=task, budget=budget, config=config)
    write_run(tmp_path / "cola", "s_nas", [(0.5, 0.5)], {}, task="cola", config=nas("s_nas"))
    drawing = discover()["klein_fig6"].draw(compare(load_runs(tmp_path)), Options())
    best = drawing.data[drawing.data["rank"] == 1.0].groupby("model")[["search", "tasks"]].first()
    assert best.T.to_dict() == {
        "minilm (embedded, laptop), 1 epochs": {"search": "random_search", "tasks": 1},
        "minilm (embedded, laptop), 5 epochs": {"search": "local_search", "tasks": 2},
    }
    assert drawing.notes == ["s_nas: not pooled with what is shown, and left out: cola with budget 2 epochs"]


def test_ranks_change_as_searches_go_on(tmp_path: Path):
    curves = {
        "random_search": [(0.4, 0.5), (0.9, 0.9), (0.9, 0.9)],
        "local_search": [(0.5, 0.5), (0.9, 0.9), (0.1, 0.1)],
    }
    for task in ("rte", "mrpc"):
        for search, points in curves.items():
            write_run(tmp_path / task, "s_nas", points, {}, task=task, config=nas("s_nas", search=search))
    data = discover()["klein_fig6"].draw(compare(load_runs(tmp_path)), Options()).data
    ranks = data[data["search"] == "local_search"].set_index("time")["rank"]
    assert ranks.loc[[0.0, 0.5, 0.99, 1.0]].tolist() == [2.0, 2.0, 2.0, 1.0]


def test_methods_and_checkpoints_are_ranked_apart(swept: list[Comparison]):
    data = discover()["klein_fig6"].draw(swept, Options()).data
    assert data["method"].unique().tolist() == ["s_nas", "ws_nas"]
    sums = data.groupby(["method", "time"])["rank"].sum()
    assert sums.tolist() == pytest.approx([3.0] * len(sums))  # 1 + 2, or twice 1.5
