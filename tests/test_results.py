"""The run store: whole rows or none, whatever happens to the writer."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench import results
from nasbench.errors import InputError
from nasbench.records import Architecture, Evaluation, Phase, Proposal, RunHeader, Sizes, Status, TestResult, Trial
from nasbench.results import RunBusy, RunWriter, StoreError, comparable, find_runs, read_run, run_id
from nasbench.rows import canonical_json, encode, parse

HEADER = RunHeader(
    run_id="0123456789abcdef",
    experiment="e",
    method="s_nas",
    seed=3,
    task="bbc_cloze",
    metric="f1",
    model="minilm",
    source="embedded",
    scale="smoke",
    config={"search": {"batch_size": 2}, "note": "é"},
    fingerprints={"data": "d", "checkpoint": "c"},
    full=Sizes(20, 10, 100),
    epoch_macs=1000,
    budget={"amount": 2.0, "unit": "epochs"},
    budget_macs=2000,
    objectives=("error", "size"),
    numerics={"threads": 1},
    provenance={"commit": "a"},
)
PHASE = Phase(name="super_network", cost=5, weights="w", scores={"loss": 0.1}, seconds=1.5)
END = {"trials": 2, "spent": 12}


def trial(index: int, error: float = 0.1, **changes: Any) -> Trial:
    fields: dict[str, Any] = {
        "status": Status.OK,
        "cost": 3,
        "sizes": Sizes(12, 2, 20),
        "validation": {"error": error, "size": 0.2},
        "scores": {"f1": 1 - error},
        "seconds": 0.25,
        **changes,
    }
    proposal = Proposal(Architecture((1, ("a", 2))), parent=index - 1 if index else None)
    return Trial(index=index, batch=0, proposal=proposal, evaluation=Evaluation(**fields), spent=5 + 3 * (index + 1))


def failed(index: int) -> Trial:
    return trial(index, status=Status.FAILED, validation={}, scores={}, note="no memory")


TEST = TestResult(trial=0, objectives={"error": 0.3, "size": 0.2}, scores={"f1": 0.7}, cost=2)

APPENDS: list[Callable[[RunWriter], None]] = [
    lambda writer: writer.append_phase(PHASE),
    lambda writer: writer.append_trial(trial(0)),
    lambda writer: writer.append_trial(failed(1)),
    lambda writer: writer.append_test(TEST),
    lambda writer: writer.finish(END),
]
RECORDS = [PHASE, trial(0), failed(1), TEST, END]


def write(path: Path) -> bytes:
    """A whole run; returns the bytes of its file."""
    with RunWriter.open(path, HEADER) as writer:
        for append in APPENDS:
            append(writer)
    return path.read_bytes()


def records(run: results.Run | RunWriter) -> list[Any]:
    return [*run.phases, *run.trials, *run.tests, *([] if run.end is None else [run.end])]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "e" / "0123456789abcdef.jsonl"


@pytest.fixture
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that write many files: what fsync adds is tested elsewhere."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


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


@pytest.mark.usefixtures("no_fsync")
def test_a_file_cut_at_any_byte_resumes_to_the_same_bytes(path: Path) -> None:
    whole = write(path)
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        kept = max(whole[:cut].count(b"\n") - 1, 0)
        with RunWriter.open(path, HEADER) as writer:
            assert records(writer) == RECORDS[:kept], cut
            for append in APPENDS[kept:]:
                append(writer)
        assert path.read_bytes() == whole, cut


def test_reading_leaves_out_a_torn_row_and_touches_nothing(path: Path) -> None:
    whole = write(path)
    header_end = whole.index(b"\n") + 1
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        if cut < header_end:
            with pytest.raises(InputError, match="no whole header"):
                read_run(path)
        else:
            assert records(read_run(path)) == RECORDS[: whole[:cut].count(b"\n") - 1]
        assert path.read_bytes() == whole[:cut]


def test_a_last_line_without_newline_is_torn_though_it_is_whole_json(path: Path) -> None:
    whole = write(path)
    path.write_bytes(whole[:-1])
    run = read_run(path)
    assert run.end is None
    assert list(run.tests) == [TEST]


def test_a_last_line_of_garbage_is_cut_off_with_a_warning(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = write(path)
    path.write_bytes(whole + b"\0" * 9 + b"\n")
    with RunWriter.open(path, HEADER) as writer:
        assert records(writer) == RECORDS
    assert path.read_bytes() == whole
    assert "10 bytes is cut off" in caplog.text


@pytest.mark.parametrize(
    "damage", [b"\0\0", b"{", b"[" * 100_000, b"\xff", b'{"kind": "trial", "cost": 1e999}', b"NaN"]
)
def test_damage_before_the_last_row_is_told_and_nothing_changes(path: Path, damage: bytes) -> None:
    lines = write(path).splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], damage + b"\n", *lines[3:]]))
    before = path.read_bytes()
    for use in (lambda: read_run(path), lambda: RunWriter.open(path, HEADER)):
        with pytest.raises(InputError, match=r"0123456789abcdef\.jsonl.*line 3"):
            use()
    assert path.read_bytes() == before


def test_each_field_of_a_row_is_missed_by_name(path: Path) -> None:
    lines = write(path).splitlines(keepends=True)
    for number, line in enumerate(lines[:-1], 1):  # the end is free
        row = json.loads(line)
        for name in set(row) - {"kind", "science_version"}:
            edited = encode({key: value for key, value in row.items() if key != name})
            path.write_bytes(b"".join([*lines[: number - 1], edited, *lines[number:]]))
            with pytest.raises(InputError, match=rf"line {number}: .*{name.replace('_', '.')}"):
                read_run(path)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (1, "schema_version", 2),
        (1, "schema_version", True),
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
        (5, "trial", 1),
        (5, "trial", 9),
        (5, "objectives", {"error": 0.1, "latency": 0.2}),
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


def test_a_second_writer_of_the_process_is_refused_until_the_first_closes(path: Path) -> None:
    with RunWriter.open(path, HEADER), pytest.raises(RunBusy, match="another process is writing"):
        RunWriter.open(path, HEADER)
    RunWriter.open(path, HEADER).close()


HOLD = """
import sys
from pathlib import Path
from tests.test_results import HEADER
from nasbench.results import RunWriter
writer = RunWriter.open(Path(sys.argv[1]), HEADER)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_is_killed(path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RunBusy):
            RunWriter.open(path, HEADER)
        assert read_run(path).header == HEADER
        holder.send_signal(signal.SIGKILL)
    RunWriter.open(path, HEADER).close()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"numerics": {"threads": 2}}, r"numerics\.threads = 1, not 2"),
        ({"seed": 4}, "seed = 3, not 4"),
        ({"config": {"search": {"batch_size": 2.0}, "note": "é"}}, r"config\.search\.batch_size = 2, not 2\.0"),
        ({"numerics": {"threads": 1, "dtype": "float32"}}, r'numerics\.dtype = null, not "float32"'),
    ],
)
def test_a_run_is_not_resumed_under_another_header(path: Path, changes: dict[str, Any], told: str) -> None:
    before = write(path)
    with pytest.raises(InputError, match=told):
        RunWriter.open(path, dataclasses.replace(HEADER, **changes))
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


def test_what_cannot_be_read_or_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        RunWriter.open(tmp_path / "file" / "e" / "a.jsonl", HEADER)
    with pytest.raises(InputError, match="there is no run file"):
        read_run(tmp_path / "a.jsonl")
    with pytest.raises(InputError, match="cannot be read"):
        read_run(tmp_path)
    with pytest.raises(InputError, match="there is no results folder"):
        find_runs(tmp_path / "nowhere")


FILL = """
import resource, signal, sys
from pathlib import Path
from tests.test_results import HEADER, trial
from nasbench.results import RunWriter, StoreError
path = Path(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with RunWriter.open(path, HEADER) as writer:
    writer.append_trial(trial(0))
    size = path.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, resource.RLIM_INFINITY))
    try:
        writer.append_trial(trial(1))
    except StoreError as error:
        print(error)
    assert path.stat().st_size == size
    assert len(writer.trials) == 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    writer.append_trial(trial(1))
"""


def test_a_disk_that_fills_within_a_row_leaves_the_file_whole(path: Path) -> None:
    """The system takes 40 bytes of a row and refuses the others."""
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(path)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "could not take a trial row" in done.stdout
    assert "whole to the row before" in done.stdout
    assert list(read_run(path).trials) == [trial(0), trial(1)]


def refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_row_that_is_written_but_not_safe_is_taken_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunWriter.open(path, HEADER) as writer:
        before = path.read_bytes()
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", refuse)
            with pytest.raises(StoreError, match="No space left"):
                writer.append_trial(trial(0))
        assert path.read_bytes() == before
        assert writer.trials == []


def test_every_row_is_synced_before_append_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    with RunWriter.open(path, HEADER) as writer:
        monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
        for append in APPENDS:
            append(writer)
    ends = [i + 1 for i, byte in enumerate(path.read_bytes()) if byte == ord("\n")]
    assert synced == ends[1:]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_run_that_cannot_begin_leaves_no_file(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    monkeypatch.setattr(os, step, refuse)
    with pytest.raises(StoreError, match="No space left"):
        RunWriter.open(path, HEADER)
    assert [p.name for p in path.parent.iterdir()] in ([], [f".{path.name}.lock"])
    monkeypatch.undo()
    RunWriter.open(path, HEADER).close()


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
