import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leaderboard.cli import main
from leaderboard.store import find, read
from tests.analysis.runs import write_run
from tests.leaderboard.complaint import complaint
from tests.leaderboard.made_up import FRONT, TESTS, read_again


def test_an_entry_holds_the_points_and_the_numbers_made_of_them(entry: Path, results: Path) -> None:
    data = json.loads(entry.read_text())
    assert (data["name"], data["method"], data["board"]["budget"]) == ("Ours", "ws_nas", "2 epochs")
    first = data["seeds"][0]
    assert [[p["trial"], p["validation_error"], p["test_error"], p["size"]] for p in first["points"]] == [
        [3, pytest.approx(0.7), pytest.approx(0.55), 0.2],
        [0, pytest.approx(0.5), pytest.approx(0.5), 0.5],
        [1, pytest.approx(0.4), pytest.approx(0.35), 0.8],
    ]
    # 0.1 less error everywhere adds 0.1 * 0.8 to 0.335
    assert first["hypervolume"] == pytest.approx(0.415)
    assert [c["test_score"] for c in first["chosen"]] == pytest.approx([0.45, 0.5, 0.5])
    assert (results / first["run"]).is_file()
    assert data["summary"]["hypervolume"]["value"] == pytest.approx(0.415 + 0.04)
    assert json.loads(json.dumps(read(entry).to_json())) == data


def test_what_was_submitted_is_valid_wherever_it_was_submitted_from(
    entry: Path, results: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["validate"]) == 0
    again = [["results/one"], [str(results / "one")]]
    for arguments in again:
        assert main(["submit", *arguments, "--name", "Ours"]) == 0
    monkeypatch.chdir(results / "one")
    assert main(["submit", ".", "--name", "Ours", "--entries", "../../entries"]) == 0
    monkeypatch.chdir(results.parent)
    assert find(Path("entries")) == [entry]


Tamper = Callable[[dict[str, Any]], None]


def dominated(data: dict[str, Any]) -> None:
    point = data["seeds"][0]["points"][1]
    data["seeds"][0]["points"].append(point | {"trial": 2, "validation_error": 0.6, "size": 0.6, "test_error": 0.1})


def chosen_by_test(data: dict[str, Any]) -> None:
    seed = data["seeds"][0]
    seed["points"][0]["test_error"] = 0.3  # of all within 50% now the best on test, not on validation
    seed["hypervolume"] = 0.2 * 0.7 + 0.6 * 0.7
    seed["chosen"][0]["test_score"] = 0.7
    seed["chosen"][1] = seed["chosen"][1] | {"trial": 3, "test_score": 0.7}


def leaves(path: str) -> Tamper:
    return lambda data: data["seeds"][0].update(run=path)


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (lambda d: d["seeds"][0].update(hypervolume=0.5), "seed 0: hypervolume is 0.5, not 0.41"),
        (lambda d: d["seeds"][1]["points"][0].update(test_error=0.1), "seed 1: hypervolume is"),
        (lambda d: d["seeds"][0]["chosen"][1].update(test_score=0.9), "seed 0: best within 50%.test_score is 0.9"),
        (lambda d: d["summary"]["hypervolume"].update(value=0.9), "summary.hypervolume.value is 0.9, not 0.455"),
        (lambda d: d["summary"]["hypervolume"].update(interval=[0.4, 0.5]), "summary.hypervolume.interval.0 is 0.4"),
        (lambda d: d["summary"].update(cost_epochs=0.1), "summary.cost_epochs is 0.1"),
        (lambda d: d["seeds"].append(d["seeds"][0]), "seed 0 is listed 2 times"),
        (lambda d: d["seeds"].append(d["seeds"][0] | {"seed": 5}), ".jsonl is listed 2 times"),
        (lambda d: d["seeds"].append(d["seeds"][0] | {"seed": 5, "run": "one/copy.jsonl"}), "sha256 "),
        (
            lambda d: d["seeds"].append(d["seeds"][0] | {"seed": 5, "run": "one/copy.jsonl", "sha256": "0" * 64}),
            "run_id ",
        ),
        (lambda d: d["seeds"].append(d["seeds"][0] | {"seed": 0.0}), "seeds.2.seed: 0.0 is not of type 'integer'"),
        (lambda d: d["seeds"][0]["points"].append(d["seeds"][0]["points"][0]), "seed 0: trial 3 is listed 2 times"),
        (dominated, "seed 0: trial 2 is not on the validation front, so a test score has selected it"),
        (chosen_by_test, "seed 0: best within 50%: trial is 3, but validation selects 0, so a test score has selected"),
        (lambda d: d["seeds"][0]["chosen"][2].update(trial=3), "best within 75%: trial is 3, but validation selects 0"),
        (leaves("../secret.jsonl"), "seed 0: ../secret.jsonl is no path in the results folder"),
        (leaves("/etc/passwd"), "/etc/passwd is no path in the results folder"),
        (leaves("..\\..\\x.jsonl"), "is no path in the results folder"),
        (leaves("one/../../x.jsonl"), "is no path in the results folder"),
    ],
)
def test_an_entry_that_is_not_what_its_points_say_is_refused_with_and_without_run_files(
    tamper: Tamper, told: str, entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads(entry.read_text())
    tamper(data)
    entry.write_text(json.dumps(data))
    assert told in complaint(capsys, "validate", str(entry))
    assert told in complaint(capsys, "build")


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (lambda d: d["seeds"][0].update(sha256="0" * 64), "the entry says 000000000000"),
        (lambda d: d["seeds"][0].update(cost_epochs=0.1), "seed 0.seed.cost_epochs is 0.1, not 0.4 as in"),
        (lambda d: d["seeds"][0].update(run_id="x"), "seed 0.seed.run_id is x"),
        (lambda d: d["seeds"][0].update(seed=7), "seed 7.seed.seed is 7, not 0"),
        (lambda d: d["seeds"][0].update(repetition=7), "seed 0.seed.repetition is 7, not 0"),
        (lambda d: d["board"].update(task="squad"), "seed 0.board.task is squad, not bbc_cloze"),
        (lambda d: d["board"].update(budget="1 epochs"), "seed 0.board.budget is 1 epochs, not 2 epochs"),
        (lambda d: d["board"].update(scale="gpu"), "seed 0.board.scale is gpu, not laptop"),
        (lambda d: d["board"].update(setting="0" * 8), "seed 0.board.setting is 00000000, not "),
        (lambda d: d["board"].update(science_version=2), "seed 0.board.science_version is 2, not 1"),
        (lambda d: d.update(method="whatever I like"), "method is whatever I like, not ws_nas as in results/one/"),
        (lambda d: d["config"]["method"].update(lr=123), "config.method.lr is 123, not there as in results/one/"),
        (lambda d: d["config"]["method"].update(lr=10**400), "config.method.lr is 1000"),
        (lambda d: d["config"]["method"].pop("name"), "config.method lacks name as in"),
        (lambda d: d["config"].update(training={}), "config.training is {}, not there as in"),
        (lambda d: d["seeds"][0].update(dirty=True), "seed 0.seed.dirty is True, not False"),
        (lambda d: d["seeds"][0]["points"].pop(), "seed 0.seed.points is"),
        (leaves("one/absent.jsonl"), "there is no run file results/one/absent.jsonl"),
    ],
)
def test_an_entry_that_is_not_what_its_run_files_say_is_refused(
    tamper: Tamper, told: str, entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads(entry.read_text())
    tamper(data)
    made = read_again(data)
    entry.write_text(json.dumps(made))
    assert told in complaint(capsys, "validate", str(entry))


def test_a_whole_number_beyond_all_others_is_no_fraction(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(results / "rated", "rated", FRONT, TESTS, config={"training": {"rate": 0.5}})
    assert main(["submit", "results/rated", "--name", "Rated"]) == 0
    (path,) = find(Path("entries"))
    data = json.loads(path.read_text())
    data["config"]["training"]["rate"] = 10**400
    path.write_text(json.dumps(data))
    assert "config.training.rate is 1000" in complaint(capsys, "validate")


def test_seeds_of_several_methods_are_refused(entry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "results", "--name", "Others", "--method", "s_nas", "--entries", "others"]) == 0
    data, (other,) = json.loads(entry.read_text()), find(Path("others"))
    data["seeds"][1] = json.loads(other.read_text())["seeds"][1]
    entry.write_text(json.dumps(read_again(data)))
    assert "the seeds are of 2 methods, s_nas, ws_nas: an entry is of one" in complaint(capsys, "validate")


def test_a_run_that_is_not_tested_on_its_whole_front_is_refused(
    entry: Path, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(results / "one", "ws_nas", FRONT, {0: 0.1}, seed=2)
    told = complaint(capsys, "submit", "results", "--name", "Two", "--method", "ws_nas")
    assert "is without test results of the whole front: complete the runs of ws_nas" in told
    data = json.loads(entry.read_text())
    run = results / data["seeds"][0]["run"]
    rows = run.read_text().splitlines(keepends=True)
    run.write_text("".join(row for row in rows if '"kind": "test", "trial": 3' not in row))
    data["seeds"][0]["sha256"] = hashlib.sha256(run.read_bytes()).hexdigest()
    del data["seeds"][0]["points"][0]
    entry.write_text(json.dumps(read_again(data)))
    assert "is without test results of the whole front: only whole runs" in complaint(capsys, "validate")


def test_a_changed_run_file_is_refused(entry: Path, results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = results / json.loads(entry.read_text())["seeds"][0]["run"]
    run.write_bytes(run.read_bytes().replace(b'"error": 0.5', b'"error": 0.4', 1))
    told = complaint(capsys, "validate", str(entry))
    assert "has sha256" in told
    assert str(run.relative_to(results.parent)) in told


def test_a_link_out_of_the_results_folder_is_refused(
    entry: Path, results: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    outside = shutil.move(results / "one", tmp_path / "outside")
    os.symlink(outside, results / "one")
    assert "is a path that leaves the results folder" in complaint(capsys, "validate", str(entry))


def test_seeds_in_one_super_network_are_one_repetition(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in (0, 1, 2):
        front: list[Any] = [(0.5, 0.5 + seed / 10)]
        shared = "w" * 64 if seed < 2 else "v" * 64
        write_run(results / "pinned", "pinned", front, {0: 0.5}, seed=seed, phase_cost=9, super_network=shared)
    assert main(["submit", "results/pinned", "--name", "Pinned"]) == 0
    (path,) = find(Path("entries"))
    data = json.loads(path.read_text())
    found = data["summary"]["hypervolume"]
    assert found["n"] == 2
    assert found["value"] == pytest.approx(((0.25 + 0.2) / 2 + 0.15) / 2)
    data["seeds"][1]["repetition"] = 5
    path.write_text(json.dumps(read_again(data)))
    assert "seed 1.seed.repetition is 5, not 0" in complaint(capsys, "validate", str(path))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is no entry"),
        ("[]", "is no entry: the whole: [] is not of type 'object'"),
        ('{"schema_version": NaN}', "NaN is not a finite number"),
        ("1e999", "1e999 is not a finite number"),
        ("[" * 100_000, "is no entry: nested too deeply"),
        ("\xff", "is no entry"),
    ],
)
def test_what_is_no_entry_is_one_sentence(
    content: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "entry.json"
    path.write_bytes(content.encode("latin-1"))
    assert told in complaint(capsys, "validate", str(path))


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (lambda d: d.pop("board"), "'board' is a required property"),
        (lambda d: d.update(extra=1), "'extra' was unexpected"),
        (lambda d: d.update(schema_version=1), "schema_version: 2 was expected"),
        (lambda d: d["seeds"][0].update(hypervolume="0.4"), "seeds.0.hypervolume: '0.4' is not of type 'number'"),
        (lambda d: d.update(name="x" * 200), "name: "),
        (lambda d: d["seeds"][0].update(run="one/\0.jsonl"), "seeds.0.run: 'one/\\x00.jsonl' does not match"),
        (lambda d: d["seeds"][0].update(run=f"one/{'x' * 5000}"), "seeds.0.run: "),
        (lambda d: d["seeds"][0].update(run=f"one/{'é' * 300}"), "there is no run file"),
        (lambda d: d["seeds"][0].update(cost_epochs=10**400), "seeds.0.cost_epochs: "),
        (lambda d: d["seeds"][0]["points"][0].update(size=10**400), "seeds.0.points.0.size: "),
        (lambda d: d["summary"].update(cost_epochs=10**400), "summary.cost_epochs: "),
        (lambda d: d["summary"]["hypervolume"].update(value=10**400), "summary.hypervolume.value: "),
        (lambda d: d.update(name="\ud800"), "surrogates not allowed"),
        (lambda d: d["config"].update(a="\ud800"), "surrogates not allowed"),
    ],
)
def test_the_schema_names_what_is_wrong(
    tamper: Tamper, told: str, entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads(entry.read_text())
    tamper(data)
    entry.write_text(json.dumps(data))
    assert told in complaint(capsys, "validate", str(entry))
