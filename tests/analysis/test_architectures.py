from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.architectures import SPACES, Extent, extent, kept, space_of
from analysis.comparison import Comparison, compare
from analysis.draw import discover
from analysis.drawing import Axis, NothingToDrawError, Options
from analysis.load import load_runs
from analysis.networks import Networks
from nasbench.config import build
from nasbench.records import Architecture
from nasbench.results import read_run
from tests.analysis.conftest import FRONT, TESTS
from tests.analysis.runs import write_run
from tests.analysis.sweeps import SHAPE, nas, option, samples

WHOLE = Extent(SHAPE.layers, SHAPE.heads, SHAPE.units)


@pytest.mark.parametrize("space", SPACES)
def test_what_is_kept_is_what_the_space_itself_decodes(space: str):
    bound = build(option("space", space), "space").bind(SHAPE)
    for architecture in [*samples(space, 0, 50), bound.smallest(), bound.largest()]:
        network, found = bound.network(architecture), kept(architecture, space, WHOLE)
        heads, units = np.zeros((SHAPE.layers, SHAPE.heads), dtype=bool), np.zeros(SHAPE.layers)
        for layer, of_heads, of_units in zip(network.layers_kept, network.heads, network.units, strict=True):
            heads[layer, list(of_heads)] = True
            units[layer] = len(of_units) / SHAPE.units
        np.testing.assert_array_equal(found.heads, heads)
        np.testing.assert_allclose(found.units, units)


def test_the_extent_is_that_of_the_unpruned_network(swept: list[Comparison]):
    assert extent(swept[0].finished(), swept[0].networks) == WHOLE
    assert extent(swept[0].finished("unpruned"), swept[0].networks) == WHOLE


def test_baselines_are_of_large_or_layer_by_what_they_name(tmp_path: Path):
    rows = {"head_pruning": Architecture(("ff", "0f")), "layer_dropping": Architecture((1, 0, 1))}
    for method, architecture in rows.items():
        write_run(tmp_path, method, [(0.5, 0.5)], {}, architectures=[architecture], name=f"{method}.jsonl")
    runs = {method: read_run(tmp_path / f"{method}.jsonl") for method in rows}
    assert {method: space_of(run) for method, run in runs.items()} == {
        "head_pruning": "large",
        "layer_dropping": "layer",
    }
    with pytest.raises(NothingToDrawError, match="no finished run is of SMALL or MEDIUM"):
        extent(runs.values(), Networks.of(runs.values()))


def test_architecture_shows_what_members_of_fronts_keep_on_average(tmp_path: Path):
    chosen = [Architecture((2, 4, 9)), Architecture((1, 2, 3)), Architecture((3, 4, 9))]
    points = [(0.4, 0.8), (0.5, 0.5), (0.6, 0.9)]  # the third is dominated
    write_run(tmp_path, "ws_nas", points, {}, architectures=chosen, config=nas("ws_nas", strategy="full"))
    data = discover()["architecture"].draw(compare(load_runs(tmp_path)), Options()).data
    assert data["heads"].tolist() == pytest.approx([(1 + 0.5) / 2, 1 / 2, 0])
    assert data["units"].tolist() == pytest.approx([(1 + 1 / 3) / 2, 1 / 2, 0])
    assert data["kept"].tolist() == pytest.approx([1, 1 / 2, 0])
    assert set(data["members"]) == {2}


def test_masks_are_those_of_the_first_seeds_trial_nearest_to_half_the_size(swept: list[Comparison]):
    data = discover()["klein_fig2"].draw(swept[:1], Options()).data
    for space in SPACES:
        (run, _) = swept[0].finished(f"ws_nas (space={space}, search=random_search, strategy=full)")
        sizes = np.array([trial.evaluation.sizes.encoder_parameters for trial in run.trials])
        nearest = int(np.abs(sizes / run.header.full.encoder_parameters - 0.5).argmin())
        shown = data[data["space"] == space]
        assert set(shown["trial"]) == {nearest}
        mask = kept(samples(space, 0)[nearest], space, WHOLE).heads
        np.testing.assert_array_equal(shown["kept"].to_numpy().reshape(mask.shape), mask)


@pytest.mark.parametrize(("axis", "column"), [(Axis.ENCODER, "encoder_parameters"), (Axis.TOTAL, "parameters")])
def test_sizes_are_those_of_the_trials(swept: list[Comparison], axis: Axis, column: str):
    data = discover()["klein_fig3"].draw(swept[:1], Options(axis=axis)).data
    assert data.groupby("space").size().to_dict() == dict.fromkeys(SPACES, 12)
    runs = swept[0].finished("ws_nas (space=layer, search=random_search, strategy=full)")
    expected = [
        getattr(trial.evaluation.sizes, column) / getattr(run.header.full, column)
        for run in runs
        for trial in run.trials
    ]
    assert data[data["space"] == "layer"]["size"].tolist() == pytest.approx(expected)


def test_cost_goes_to_phases_trials_and_apart_from_the_budget_to_the_test_split(experiment: Path):
    data = discover()["cost_breakdown"].draw(compare(load_runs(experiment)), Options()).data
    found: Any = data.set_index(["method", "part"])
    assert found.loc[("ws_nas", "super_network"), ["cost_epochs", "seconds"]].tolist() == [0.5, 4.0]
    assert found.loc[("ws_nas", "trials"), ["cost_epochs", "seconds"]].tolist() == pytest.approx([0.4, 4.0])
    test = found.loc[("ws_nas", "test (not billed)"), ["cost_epochs", "seconds"]].tolist()
    assert test == pytest.approx([0.021, 1.5])
    assert found.loc[("s_nas", "trials"), "cost_epochs"] == pytest.approx(1.8)  # the failed one is paid too
    assert pd.isna(found["cost_epochs"].get(("s_nas", "super_network")))


def test_architectures_of_no_known_space_are_not_drawn(tmp_path: Path):
    write_run(tmp_path, "my_method", FRONT, TESTS)
    with pytest.raises(NothingToDrawError, match="no finished run that prunes has a front in a space that is known"):
        discover()["architecture"].draw(compare(load_runs(tmp_path)), Options())
