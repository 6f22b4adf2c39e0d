"""Files of others, changed at will: out of reading one comes what it holds or an InputError, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.load import load_trials
from leaderboard.check import check
from leaderboard.store import read, store
from leaderboard.submission import entries
from nasbench import compose
from nasbench.compose import experiment
from nasbench.config import build
from nasbench.diff import compare_files
from nasbench.errors import InputError
from nasbench.gather import plan
from nasbench.results import read_run
from nasbench.rows import parse
from nasbench.status import status
from nasbench.stored import revive
from tests.analysis.runs import write_run
from tests.fuzz import FEW, JSON_BYTES, TEXTS, changed, changed_bytes, read_or_refused
from tests.leaderboard.made_up import FRONT, TESTS, made_up


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write_run(tmp_path_factory.mktemp("runs") / "made_up", "ws_nas", FRONT, TESTS, phase_cost=10)
    write_run(path.parent, "s_nas", FRONT, TESTS)
    return path


def read_in_every_way(path: Path, whole: Path) -> None:
    """All that reads a run file and needs no model, each of which may refuse it."""
    outside = set(path.parent.parent.parent.iterdir())
    for use in (
        lambda: entries([read_run(path), read_run(whole)]),
        lambda: compare_files(path, whole),
        lambda: load_trials(path.parent),
        lambda: check_targets(path),
        lambda: check_status(path.parent),
        lambda: revive(read_run(path), path.parent.parent / "again"),
    ):
        with read_or_refused():
            use()
    assert set(path.parent.parent.parent.iterdir()) == outside


def check_status(folder: Path) -> None:
    """By itself, and as it is looked through for a run that is another."""
    for overrides in ((), ASKED):
        assert status(folder, overrides) == 0


ASKED = ("+experiment=smoke", "method=unpruned", "seed=0")


@pytest.fixture(autouse=True, scope="module")
def composed_once() -> Iterator[None]:
    """What is asked of `status` takes longer to compose than all that is read."""
    spec = experiment(ASKED)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compose, "jobs", lambda overrides: [list(overrides)])
        patched.setattr(compose, "experiment", lambda overrides: spec)
        yield


def check_targets(path: Path) -> None:
    """What would be gathered lands in the folder for it, in an experiment's."""
    into = path.parent.parent / "into"
    for move in plan([path.parent], into):
        assert move.target.resolve().parent.parent == into.resolve()


@FEW
@given(data=st.data())
def test_a_run_file_with_another_value_anywhere(data: st.DataObject, whole: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in whole.read_text().splitlines()]
    number = data.draw(st.integers(0, len(rows) - 1))
    rows[number] = data.draw(changed(rows[number]))
    path = tmp_path / "results" / "e" / "run.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    read_in_every_way(path, whole)


@settings(FEW, max_examples=400)
@given(data=st.data())
def test_a_row_with_other_bytes_is_read_as_the_standard_library_reads_it(data: st.DataObject, whole: Path) -> None:
    """To the same values of the same types, or not at all where that takes NaN, or half a character."""
    line = data.draw(changed_bytes(data.draw(st.sampled_from(whole.read_bytes().splitlines())), JSON_BYTES))
    try:
        expected = json.loads(line.decode())
        encoded = json.dumps(expected, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        with pytest.raises(ValueError, match=r"\S"):
            parse(line)
    else:
        assert json.dumps(parse(line), ensure_ascii=False).encode() == encoded


@FEW
@given(data=st.data())
def test_a_run_file_with_other_bytes_anywhere(data: st.DataObject, whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "results" / "e" / "run.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.draw(changed_bytes(whole.read_bytes())))
    read_in_every_way(path, whole)


@FEW
@given(data=st.data())
def test_an_entry_of_the_leaderboard_with_another_value_anywhere(data: st.DataObject, tmp_path: Path) -> None:
    entry = json.loads(store([made_up("Ours", [(0.5, 0.5), (0.4, 0.7)])], tmp_path)[0].read_text())
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(data.draw(changed(entry))))
    with read_or_refused():
        check(read(path), None)


NODE = {
    "_target_": "nasbench.method.NeuralArchitectureSearch",
    "name": "ws_nas",
    "space": {"_target_": "nasbench.spaces.small.Small"},
    "search": {"_target_": "nasbench.search.random_search.RandomSearch", "batch_size": 2},
    "estimator": {"_target_": "nasbench.estimators.standard.Standard"},
}


@FEW
@given(data=st.data())
def test_a_configuration_with_another_value_anywhere(data: st.DataObject) -> None:
    with read_or_refused():
        build(data.draw(changed(NODE)), "method")


@settings(FEW, max_examples=10)
@given(key=st.sampled_from(["seed", "training.epochs", "task.name", "method", "+x", "budget"]), value=TEXTS)
def test_an_override_of_any_text(key: str, value: str) -> None:
    with read_or_refused():
        experiment(["+experiment=smoke", f"{key}={value}"])


def test_a_module_that_is_not_the_suites_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor run, which importing does, though it lies in the folder that the command is run in."""
    (tmp_path / "others_part.py").write_text("raise SystemExit('it was run')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InputError, match=r"names others_part\.Part, which is not imported: components are classes of"):
        build({"_target_": "others_part.Part"}, "method")
