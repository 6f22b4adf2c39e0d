from pathlib import Path

import pytest

from leaderboard.cli import main
from leaderboard.store import find, read, store
from nasbench.errors import InputError
from tests.analysis.runs import write_run
from tests.leaderboard.complaint import complaint
from tests.leaderboard.made_up import FRONT, TESTS, made_up


def test_bad_submissions_are_one_sentence(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "name one with --method, of s_nas, ws_nas" in complaint(capsys, "submit", "results", "--name", "x")
    assert "there are no runs of y" in complaint(capsys, "submit", "results", "--name", "x", "--method", "y")
    assert "makes no entry: name: " in complaint(capsys, "submit", "results/one", "--name", "")
    assert "makes no entry: 'utf-8' codec" in complaint(capsys, "submit", "results/one", "--name", "\udcff")
    write_run(results / "one", "ws_nas", FRONT[:1], {}, seed=2, finished=False)
    assert "is unfinished: complete the runs" in complaint(capsys, "submit", "results/one", "--name", "x")
    assert not Path("entries").exists() or not find(Path("entries"))


def test_a_taken_name_is_not_overwritten(entry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = entry.read_bytes()
    told = complaint(capsys, "submit", "results", "--name", "Ours", "--method", "s_nas")
    assert "is there with other content" in told
    assert entry.read_bytes() == before


def test_what_was_left_out_is_said(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(results / "two", "ws_nas", FRONT, {i: e - 0.3 for i, e in TESTS.items()}, name="again.jsonl")
    write_run(results / "two", "s_nas", FRONT, TESTS, task="rte", name="rte.jsonl")
    assert main(["submit", "results", "--name", "Ours", "--method", "ws_nas"]) == 0
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]
    assert len(notes) == 2
    assert "ws_nas seed 0" in notes[0]
    assert "is left out" in notes[0]
    assert "no entry, for of ws_nas there are no runs, only of s_nas" in notes[1]


def test_a_submission_is_stored_whole_or_not_at_all(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(results / "one", "ws_nas", FRONT, TESTS, name="gpu.jsonl", scale="gpu")
    assert main(["submit", "results/one", "--name", "Ours"]) == 0
    assert sorted(read(path).board.scale for path in find(Path("entries"))) == ["gpu", "laptop"]
    first, last = find(Path("entries"))
    for kept, removed in ((first, last), (last, first)):
        was = removed.read_bytes()
        removed.unlink()
        content = kept.read_bytes()
        kept.write_bytes(content.replace(b'"name": "Ours"', b'"name": "ours"'))
        assert "is there with other content" in complaint(capsys, "submit", "results/one", "--name", "Ours")
        assert find(Path("entries")) == [kept]
        kept.write_bytes(content)
        removed.write_bytes(was)


def test_an_entry_a_board(results: Path) -> None:
    write_run(results / "one", "ws_nas", FRONT, TESTS, name="hub.jsonl", source="hub")
    assert main(["submit", "results/one", "--name", "Ours"]) == 0
    assert sorted(read(path).board.source for path in find(Path("entries"))) == ["embedded", "hub"]


@pytest.mark.parametrize("name", ["../../escape", "a/b", "Ünïcödé ✓", "<b>"])
def test_a_file_is_named_safely_whatever_the_entry_is_called(name: str, tmp_path: Path) -> None:
    (path,) = store([made_up(name, [(0.5, 0.5)])], tmp_path)
    assert path.parent == tmp_path
    assert path.name.isascii()
    assert read(path).name == name


def test_names_that_differ_in_signs_alone_have_files_of_their_own(tmp_path: Path) -> None:
    store([made_up("a b", [(0.5, 0.5)]), made_up("a-b", [(0.4, 0.5)])], tmp_path)
    with pytest.raises(InputError, match="other content"):
        store([made_up("a b", [(0.4, 0.5)])], tmp_path)
    assert len(find(tmp_path)) == 2


def test_runs_of_a_header_without_a_fingerprint_make_no_entry(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(results / "odd", "odd", FRONT, TESTS, fingerprints={"data": "d" * 64})
    assert "makes no entry: board.checkpoint" in complaint(capsys, "submit", "results/odd", "--name", "x")
