import math
import re
from pathlib import Path

import pytest

import analysis
from analysis.load import load_runs, load_trials
from nasbench.errors import InputError
from tests.analysis.conftest import FRONT, TESTS
from tests.analysis.runs import write_run


def test_one_row_a_trial_with_columns_that_name_their_split(experiment: Path):
    frame = analysis.load_trials(experiment)
    assert len(frame) == 4 + 4 + 3 + 1
    row = frame[(frame["method"] == "ws_nas") & (frame["seed"] == 1) & (frame["trial"] == 1)].iloc[0]
    expected = {
        "validation_error": 0.4,
        "test_error": 0.35,
        "validation_score": 0.6,
        "test_score": 0.65,
        "validation_size": 0.8,
        "encoder_parameters": 800,
        "relative_encoder_parameters": 0.8,
        "parameters": 1800,
        "relative_parameters": 0.9,
        "cost": 100,
        "spent": 700,
        "epochs_spent": 0.7,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected)
    assert row["on_front"]
    assert row["finished"]


def test_the_columns_in_the_documentation_are_those_of_the_frame(experiment: Path):
    text = (Path(__file__).parents[2] / "docs" / "figures.md").read_text("utf-8")
    listed = [row.split("|")[1] for row in text.split("| columns |")[1].split("##")[0].splitlines() if "|" in row]
    named = {name for cell in listed for name in re.findall(r"`(\w+)`", cell)} - {"relative_"}
    named |= {f"relative_{name}" for name in ("parameters", "encoder_parameters", "macs")}
    assert named == set(load_trials(experiment).columns)


def test_what_a_trial_lacks_is_nan(experiment: Path):
    rows = {(row["method"], row["seed"], row["trial"]): row for row in load_trials(experiment).to_dict("records")}
    failed = rows["s_nas", 0, 1]
    assert failed["status"] == "failed"
    assert all(math.isnan(failed[name]) for name in ("validation_error", "validation_score", "test_error"))
    dominated = rows["ws_nas", 0, 2]
    assert math.isnan(dominated["test_error"])
    assert not dominated["on_front"]


def test_every_column_is_documented(experiment: Path):
    text = load_trials.__doc__ or ""
    for name in load_trials(experiment).columns:
        stem, _, what = name.partition("_")
        objective = stem in ("validation", "test") and what in ("error", "size")
        assert objective or (stem == "relative" and what in text) or name in text, name


def test_repeated_runs_are_left_out_and_named(tmp_path: Path):
    write_run(tmp_path, "ws_nas", FRONT, TESTS)
    write_run(tmp_path, "ws_nas", FRONT, TESTS, name="copy.jsonl")
    frame = load_trials(tmp_path)
    assert len(frame) == len(FRONT)
    assert len(frame.attrs["notes"]) == 1


def test_runs_of_several_settings_are_said_to_be_mixed(tmp_path: Path):
    write_run(tmp_path, "ws_nas", FRONT, TESTS)
    write_run(tmp_path, "ws_nas", FRONT, TESTS, name="later.jsonl", science_version=2)
    frame = load_trials(tmp_path)
    assert frame["setting"].nunique() == 2
    assert frame.attrs["notes"] == ["the runs are of 2 settings, never pooled: they differ in science_version (1, 2)"]


def test_a_file_a_folder_and_a_folder_of_folders_can_be_read(experiment: Path):
    assert len(load_runs(experiment)) == len(load_runs(experiment.parent)) == 4
    (file,) = [run.path for run in load_runs(experiment) if run.header.method == "s_nas"]
    assert [run.header.method for run in load_runs(file)] == ["s_nas"]


def test_no_folder_and_no_runs_are_told_in_a_sentence(tmp_path: Path):
    with pytest.raises(InputError, match="there are no runs in"):
        load_runs(tmp_path)
    with pytest.raises(InputError, match="no results folder"):
        load_runs(tmp_path / "absent")


def test_a_file_that_cannot_be_read_is_an_error_or_left_out_where_that_is_asked_for(experiment: Path):
    paths = sorted(experiment.glob("*.jsonl"))
    paths[1].write_bytes(b"\0")
    with pytest.raises(InputError, match=f"{paths[1].name} is no run file"):
        load_runs(experiment)
    unreadable: list[InputError] = []
    assert [run.path for run in load_runs(experiment, unreadable)] == [paths[0], *paths[2:]]
    assert [str(error) for error in unreadable] == [f"{paths[1]} is no run file: it does not begin with a header row"]
    with pytest.raises(InputError, match="is no run file"):
        load_runs(paths[1], [])
