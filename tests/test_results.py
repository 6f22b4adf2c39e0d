"""The run store: rows read back as they were written, and nothing else is written."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench.errors import InputError
from nasbench.results import RunWriter, comparable, find_runs, read_run, run_id
from nasbench.rows import canonical_json, encode, parse
from tests.run_file import APPENDS, HEADER, PHASE, RECORDS, failed, records, trial, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "e" / "0123456789abcdef.jsonl"


def test_a_run_reads_back_as_it_was_written(path: Path) -> None:
    write(path)
    run = read_run(path)
    assert run.header == HEADER
    assert records(run) == RECORDS
    assert run.finished
    assert run.path == path


def test_rows_are_json_lines_in_order_with_their_versions_first(path: Path) -> None:
    rows = [json.loads(line) for line in write(path).decode().splitlines()]
    assert [row["kind"] for row in rows] == ["header", "phase", "trial", "trial", "test", "end"]
    assert list(rows[0])[:4] == ["kind", "schema_version", "science_version", "run_id"]


def test_each_field_of_a_row_is_missed_by_name(path: Path) -> None:
    lines = write(path).splitlines(keepends=True)
    for number, line in enumerate(lines[:-1], 1):  # the end is free
        row = json.loads(line)
        for name in set(row) - {"kind"}:
            edited = encode({key: value for key, value in row.items() if key != name})
            path.write_bytes(b"".join([*lines[: number - 1], edited, *lines[number:]]))
            with pytest.raises(InputError, match=rf"line {number}: .*{name.replace('_', '.')}"):
                read_run(path)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (1, "schema_version", 2),
        (1, "schema_version", True),
        (1, "science_version", 0),
        (1, "science_version", "1"),
        (1, "full", {"parameters": 1}),
        (1, "objectives", ["error", "error"]),
        (1, "objectives", []),
        (1, "fingerprints", {"data": 1}),
        (1, "seed", 1.5),
        (1, "kind", "trial"),
        (2, "kind", "lap"),
        (2, "kind", []),
        (2, "cost", -1),
        (3, "index", 1),
        (3, "batch", 1),
        (3, "status", "fine"),
        (3, "status", "failed"),
        (3, "status", {}),
        (3, "architecture", [1, None]),
        (3, "validation", {"error": 0.1}),
        (3, "validation", {"error": "low", "size": 0.2}),
        (3, "validation", {}),
        (3, "seconds", None),
        (3, "cost", True),
        (3, "analysis_only", False),
        (3, "stages", []),
        (3, "stages", [{"name": "phase_0"}]),
        (3, "stages", [{"name": "a", "steps": 1, "tokens": 1, "cost": 1, "curve": [[1, 2.0]], "seconds": 0.0}]),
        (5, "trial", 1),
        (5, "trial", 9),
        (5, "objectives", {"error": 0.1, "latency": 0.2}),
        (5, "objectives", {}),
    ],
)
def test_a_hand_edited_value_is_one_sentence(path: Path, line: int, name: str, value: Any) -> None:
    lines = write(path).splitlines(keepends=True)
    lines[line - 1] = encode(json.loads(lines[line - 1]) | {name: value})
    path.write_bytes(b"".join(lines))
    with pytest.raises(InputError, match=rf"line {line}") as caught:
        read_run(path)
    assert "\n" not in str(caught.value)


def test_another_schema_version_is_named_with_the_file(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(encode({"kind": "header", "schema_version": 7}))
    for use in (lambda: read_run(path), lambda: RunWriter.open(path, HEADER)):
        with pytest.raises(InputError, match=r"0123456789abcdef\.jsonl.*schema version 7.*version 1"):
            use()


@pytest.mark.parametrize("order", [[3], [1, 3, 1], [1, 3, 0], [4, 0], [4, 4], [1, 1], [2, 3]])
def test_a_row_out_of_order_is_refused_and_not_written(path: Path, order: list[int]) -> None:
    """Indices into APPENDS, of which the last is out of order."""
    with RunWriter.open(path, HEADER) as writer:
        *good, bad = order
        if order[0] == 2:  # a failed trial has no test
            writer.append_trial(failed(0))
            good = []
        for index in good:
            APPENDS[index](writer)
        before, known = path.read_bytes(), records(writer)
        with pytest.raises(ValueError, match=r"after|next|no trial"):
            APPENDS[bad](writer)
        assert path.read_bytes() == before
        assert records(writer) == known


def test_phases_may_come_between_trials(path: Path) -> None:
    with RunWriter.open(path, HEADER) as writer:
        for index in (1, 0, 2):
            APPENDS[index](writer)
    assert records(read_run(path)) == [PHASE, trial(0), failed(1)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_refused_and_not_written(path: Path, value: float) -> None:
    with RunWriter.open(path, HEADER) as writer:
        before = path.read_bytes()
        with pytest.raises(ValueError, match="JSON compliant"):
            writer.append_trial(trial(0, error=value))
        assert path.read_bytes() == before
        writer.append_trial(trial(0))
    assert list(read_run(path).trials) == [trial(0)]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_read_back_exactly_and_repeat_their_bytes(value: float) -> None:
    line = encode({"x": value})
    again = parse(line.rstrip(b"\n"))
    assert again["x"].hex() == value.hex()
    assert encode(again) == line


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"numerics": {"threads": 2}}, r"numerics\.threads = 1, not 2"),
        ({"seed": 4}, "seed = 3, not 4"),
        ({"run_id": "f" * 16, "config": {}}, rf'run_id = "{HEADER.run_id}", not "ffff'),
        ({"numerics": {"threads": 1, "dtype": "float32"}}, r'numerics\.dtype = nothing, not "float32"'),
    ],
)
def test_a_run_is_not_resumed_under_another_header(path: Path, changes: dict[str, Any], told: str) -> None:
    before = write(path)
    with pytest.raises(InputError, match=told):
        RunWriter.open(path, dataclasses.replace(HEADER, **changes))
    assert path.read_bytes() == before


def test_a_run_is_resumed_over_equal_data_in_another_folder(path: Path) -> None:
    """Its id, a hash of their content and of all settings but their places, is the same one."""
    before = write(path)
    moved = dataclasses.replace(HEADER, model="copy", config={"task": {"folder": "elsewhere"}})
    with RunWriter.open(path, moved) as writer:
        assert writer.header == HEADER
    assert path.read_bytes() == before


def test_a_resumed_run_keeps_the_provenance_of_its_first_writer(path: Path) -> None:
    RunWriter.open(path, HEADER).close()
    with RunWriter.open(path, dataclasses.replace(HEADER, provenance={"commit": "b"})) as writer:
        assert writer.header.provenance == {"commit": "a"}


@pytest.mark.parametrize("content", [b"hello", b"hello\n", b'{"a": 1}\n{"b": 2}\n', b"[1]\n", b"\0\0\0"])
def test_a_foreign_file_is_not_overwritten(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    for use in (lambda: read_run(path), lambda: RunWriter.open(path, HEADER)):
        with pytest.raises(InputError, match=r"0123456789abcdef\.jsonl"):
            use()
    assert path.read_bytes() == content


def test_runs_are_found_in_a_folder_of_experiments_and_in_an_experiment(tmp_path: Path) -> None:
    names = ["b/2.jsonl", "a/1.jsonl", "a/.1.jsonl.new", ".weights/3.jsonl", "a/figures/4.jsonl", "a/5.csv", "6.jsonl"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert find_runs(tmp_path) == [tmp_path / name for name in ("6.jsonl", "a/1.jsonl", "b/2.jsonl")]
    assert find_runs(tmp_path / "a") == [tmp_path / name for name in ("a/1.jsonl", "a/figures/4.jsonl")]


def test_equal_rows_are_compared_without_times_and_provenance() -> None:
    header = {"kind": "header", "config": {"max_seconds": 3}, "numerics": {"made_at": 1}, "provenance": {"commit": "a"}}
    assert comparable(header) == {"kind": "header", "config": {"max_seconds": 3}, "numerics": {}}
    trial_row = {
        "kind": "trial",
        "cost": 3,
        "seconds": 1.5,
        "scores": {"f1": 0.5, "train_seconds": 2.0},
        "provenance": 1,
    }
    assert comparable(trial_row) == {"kind": "trial", "cost": 3, "scores": {"f1": 0.5}, "provenance": 1}
    end = {"kind": "end", "executed_flops": 7, "ended_at": "now", "parts": [{"seconds": 1, "cost": 2}], "format": "x"}
    assert comparable(end) == {"kind": "end", "parts": [{"cost": 2}], "format": "x"}


def test_a_run_is_named_by_the_hash_of_what_determines_it() -> None:
    text = '{"config":{"a":1,"b":[2.0,null]},"fingerprints":{"data":"d"},"science_version":1}'
    identity = run_id({"b": [2.0, None], "a": 1}, {"data": "d"})
    assert identity == hashlib.sha256(text.encode()).hexdigest()[:16]
    assert identity != run_id({"b": [2.0, None], "a": 1.5}, {"data": "d"})
    assert identity != run_id({"b": [2.0, None], "a": 1}, {"data": "e"})
    with pytest.raises(ValueError, match="JSON compliant"):
        run_id({"a": float("nan")}, {})


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="Path"):
        canonical_json({"folder": Path("results")})


def test_a_writer_waits_for_whoever_only_looks(path: Path) -> None:
    """As `nasbench status` does, which holds the lock for a moment, shared."""
    write(path)
    with open(path.with_name(f".{path.name}.lock"), "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        looked = threading.Timer(0.1, fcntl.flock, (lock, fcntl.LOCK_UN))
        looked.start()
        RunWriter.open(path, HEADER).close()
        looked.join()
