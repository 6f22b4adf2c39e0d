import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from analysis.load import load_runs
from leaderboard.cli import main
from leaderboard.entry import Entry
from leaderboard.page import page
from leaderboard.published import published
from leaderboard.rank import by_board, overall
from leaderboard.submission import entries
from leaderboard.view import view
from nasbench.results import Run
from tests.analysis.runs import write_run
from tests.analysis.sweeps import nas
from tests.leaderboard.made_up import FRONT, TESTS, read_again


def made(results: Path) -> list[Entry]:
    return entries(load_runs(results))[0]


def text_of(runs: list[Run]) -> str:
    return page(view(*entries(runs)))


def test_methods_of_equal_settings_are_ranked_on_one_board(results: Path):
    (rows,) = by_board(made(results)).values()
    first, second = rows
    assert (first.rank, first.entry.name, second.rank, second.entry.name) == (1, "ws_nas", 2, "s_nas")
    # 0.1 less error everywhere adds 0.1 * 0.8
    assert first.entry.summary.hypervolume.value == pytest.approx(0.335 + 0.15 * 0.8)
    assert second.entry.summary.hypervolume.value == pytest.approx(0.335)
    assert [score.value for score in second.entry.summary.scores if score] == pytest.approx([0.35, 0.4, 0.4])
    assert [seed.seed for seed in first.entry.seeds] == [0, 1]


def test_a_board_is_one_setting(results: Path):
    changes: list[dict[str, Any]] = [
        {"source": "hub"},
        {"model": "bert"},
        {"task": "bbc_topics"},
        {"fingerprints": {"data": "e" * 64, "checkpoint": "c" * 64}},
        {"budget": {"amount": 3.0, "unit": "epochs"}},
        {"scale": "gpu"},
        {"science_version": 2},
        {"objectives": ("size", "error")},
        {"config": {"model": {"drop_layer_norm": True}}},
    ]
    for i, change in enumerate(changes):
        write_run(results / "one", "ws_nas", FRONT, TESTS, name=f"{i}.jsonl", **change)
    assert sorted(len(rows) for rows in by_board(made(results)).values()) == [1] * len(changes) + [2]


def test_runs_of_different_science_versions_are_not_pooled_and_it_is_said(tmp_path: Path):
    for seed in (0, 1):
        write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=seed, science_version=seed + 1)
    assert sorted((e.board.science_version, e.summary.hypervolume.n) for e in made(tmp_path)) == [(1, 1), (2, 1)]
    text = text_of(load_runs(tmp_path))
    assert text.count("the runs are of 2 settings, never pooled: they differ in science\\_version (1, 2)") == 2


def test_a_method_with_a_run_that_is_not_tested_on_its_whole_front_is_named_and_not_ranked(results: Path):
    write_run(results / "one", "ws_nas", FRONT, {0: 0.1}, seed=2)
    assert {e.name for e in made(results)} == {"s_nas"}
    assert "ws\\_nas is not ranked: 1 of its 3 runs are without test results of the whole front" in text_of(
        load_runs(results)
    )


def test_a_test_score_that_is_not_finite_is_no_point_and_is_said(tmp_path: Path):
    path = write_run(tmp_path, "ws_nas", FRONT, TESTS)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    lost = [
        row | {"objectives": {}, "scores": {}} if (row["kind"], row.get("trial")) == ("test", 3) else row
        for row in rows
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in lost))
    (entry,) = made(tmp_path)
    assert [point.trial for point in entry.seeds[0].points] == [0, 1]
    assert "lacks test results of its front's trials 3" in text_of(load_runs(tmp_path))


def test_a_variant_beside_a_method_takes_not_its_ranks_over_tasks(tmp_path: Path):
    for task in ("rte", "mrpc"):
        for method, strategy in (("s_nas", None), ("ws_nas", "full")):
            write_run(tmp_path / task, method, FRONT, TESTS, task=task, config=nas(method, strategy=strategy))
    before = overall(by_board(made(tmp_path)))
    write_run(tmp_path / "rte", "ws_nas", FRONT, TESTS, task="rte", config=nas("ws_nas", strategy="kd"))
    (after,) = overall(by_board(made(tmp_path)))
    assert [before[0].ranks[1][0], after.ranks[1][0]] == ["ws_nas", "ws_nas (strategy=full)"]
    assert [rank for _, rank in after.ranks] == [rank for _, rank in before[0].ranks]


def test_a_front_is_of_error_and_size_whatever_the_run_searched_for(tmp_path: Path):
    path = write_run(tmp_path, "s_nas", [(0.5, 0.5), (0.4, 0.6)], {0: 0.5, 1: 0.4})
    path.write_text(path.read_text().replace('"size"', '"latency"').replace('"latency": 0.6', '"latency": 0.1'))
    (entry,) = made(tmp_path)  # the second dominates the first in error and latency alone
    assert [point.trial for point in entry.seeds[0].points] == [1]


def test_an_entry_moves_no_other(results: Path):
    before = {e.name: e for e in made(results)}
    write_run(results / "one", "stranger", [(0.1, 0.1)], {0: 0.0})
    after = {e.name: e for e in made(results)}
    assert len(after) == len(before) + 1
    assert all(after[name] == entry for name, entry in before.items())


def test_a_method_with_an_unfinished_run_is_named_and_not_ranked(results: Path):
    write_run(results / "one", "ws_nas", FRONT[:1], {}, seed=2, finished=False)
    assert {e.name for e in made(results)} == {"s_nas"}
    assert "ws\\_nas is not ranked: 1 of its 3 runs are unfinished" in text_of(load_runs(results))


def test_a_page_of_unfinished_runs_ranks_nobody(tmp_path: Path):
    write_run(tmp_path, "ws_nas", FRONT, {}, finished=False)
    assert "No method has finished all its runs." in text_of(load_runs(tmp_path))


def test_the_same_runs_give_the_same_bytes_wherever_they_lie(results: Path, tmp_path: Path):
    write_run(results / "one", "ws_nas", FRONT, TESTS, source="hub")
    shutil.copytree(results / "one", results / "three")  # every run of it a duplicate
    runs = load_runs(results)
    expected = text_of(runs)
    for seed in range(5):
        random.Random(seed).shuffle(runs)
        assert text_of(runs) == expected
    moved = tmp_path / "elsewhere"
    shutil.copytree(results, moved)
    assert text_of(load_runs(moved)) == expected


def test_runs_of_a_dirty_tree_or_an_unknown_commit_are_told(tmp_path: Path):
    write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=0, provenance={"commit": "abcdef" * 6, "dirty": True})
    write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=1, provenance={"commit": None, "dirty": None})
    text = text_of(load_runs(tmp_path))
    assert "- 1 of 2 runs made by commit abcdefabcdef with uncommitted changes" in text
    assert "- 1 of 2 runs made by code of no known commit" in text


def test_the_commands_that_make_the_runs_are_told(tmp_path: Path):
    for seed in range(12):
        provenance = {"overrides": ["+experiment=e", f"seed={seed}", "name=a b"]}
        write_run(tmp_path, "ws_nas", FRONT, TESTS, seed=seed, provenance=provenance)
    text = text_of(load_runs(tmp_path))
    assert "- made by: python -m nasbench +experiment=e seed=3 'name=a b'" in text
    assert text.count("- made by: ") == 10
    assert "- and 2 more commands, in the entries" in text


def test_a_methods_name_is_shown_as_it_stands(tmp_path: Path):
    write_run(tmp_path, "<img src=x>|[y](z)", FRONT, TESTS)
    text = text_of(load_runs(tmp_path))
    assert "| &lt;img src=x&gt;\\|\\[y\\](z) | 1 |" in text
    assert "<img" not in text


def test_published_numbers_stand_apart_and_have_no_rank():
    text = page(view([], {}), published())
    boards, reference = text.split("## Published numbers, not ranked")
    assert "ELM-Small" not in boards
    assert "| ELM-Small | 15.6 | 78.5 | 86.9 | 73.6 | 77.1 |" in reference
    assert "| DistilBERT | - | 62.0 | 75.9 |" in reference
    assert "| rank" not in reference
    for table in published():
        assert all(len(scores) == len(table.headings) for _, _, scores in table.rows)


def test_build_writes_both_pages_and_leaves_nothing_else(results: Path, tmp_path: Path):
    out = tmp_path / "site" / "LEADERBOARD.md"
    first = []
    for _ in range(2):
        assert main(["build", "--results", str(results), "--out", str(out)]) == 0
        assert sorted(out.parent.iterdir()) == [out.with_suffix(".html"), out]
        first.append([path.read_bytes() for path in sorted(out.parent.iterdir())])
    assert first[0] == first[1]


def test_what_was_submitted_stands_once_and_under_its_own_name(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert main(["submit", "results", "--name", "Ours", "--method", "ws_nas"]) == 0
    assert main(["build"]) == 0
    assert [line.split(" | ")[:2] for line in Path("LEADERBOARD.md").read_text().splitlines() if "| 0." in line] == [
        ["| Ours", "1"],
        ["| s\\_nas", "2"],
    ]
    shutil.rmtree(results)
    assert main(["build"]) == 0
    (line,) = [line for line in Path("LEADERBOARD.md").read_text().splitlines() if "| Ours | 1 |" in line]
    assert line.endswith("| 2 | run files not checked |")


def invented(entry: Path) -> dict[str, Any]:
    """Every point is perfect, and all numbers are made of the points."""
    data = json.loads(entry.read_text())
    for seed in data["seeds"]:
        seed["points"] = [{"trial": 0, "validation_error": 0.0, "test_error": 0.0, "size": 0.01}]
    return read_again(data)


def test_an_entry_is_held_against_run_files_that_are_there(entry: Path, capsys: pytest.CaptureFixture[str]):
    entry.write_text(json.dumps(invented(entry)))
    assert main(["build"]) == 2
    assert "seed 0.seed.points" in capsys.readouterr().err
    assert not Path("LEADERBOARD.md").exists()


def test_an_entry_whose_run_files_are_not_there_is_marked_and_hides_no_run(entry: Path):
    data = invented(entry)
    data["seeds"][0]["run"] = "one/absent.jsonl"
    entry.write_text(json.dumps(data))
    assert main(["build"]) == 0
    lines = [line for line in Path("LEADERBOARD.md").read_text().splitlines() if "| 0." in line]
    assert [(line.split(" | ")[0], line.split(" | ")[-1]) for line in lines] == [
        ("| Ours", "run files not checked |"),
        ("| ws\\_nas", "- |"),
        ("| s\\_nas", "- |"),
    ]


@pytest.mark.parametrize("named", ["absent", "empty"])
def test_a_folder_of_entries_that_is_named_must_hold_some(named: str, entry: Path, capsys: pytest.CaptureFixture[str]):
    Path("empty").mkdir()
    assert main(["build", "--entries", named]) == 2
    assert f"there are no entries in {named}" in capsys.readouterr().err
    assert not Path("LEADERBOARD.md").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--results", "{tmp}/absent", "--out", "{tmp}/new"], "there is no results folder"),
        (["--results", "{tmp}/empty", "--out", "{tmp}/new"], "there are no runs in"),
        (["--results", "{results}", "--out", "{tmp}/empty"], "cannot write"),
        (["--results", "{results}", "--out", "{tmp}/file/page.md"], "cannot write to"),
        (["--results", "{results}", "--out", "{tmp}/page.html"], "--out names the Markdown file"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    arguments: list[str], sentence: str, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("in the way")
    before = sorted(tmp_path.rglob("*"))
    assert main(["build", *(a.format(tmp=tmp_path, results=results) for a in arguments)]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before
