import json
import re
from collections import Counter
from pathlib import Path

import pytest

from analysis.cli import main
from tests.analysis.conftest import FRONT, TESTS
from tests.analysis.runs import write_run
from tests.web_page import HOSTILE, Parsed


def report_of(results: Path, out: Path, *arguments: str) -> str:
    assert main([str(results), "--out", str(out), "--report", *arguments]) == 0
    return (out / "report.html").read_text("utf-8")


def test_one_file_holds_tables_figures_checklists_and_provenance(experiment: Path, tmp_path: Path) -> None:
    text = report_of(experiment, tmp_path)
    page = Parsed(text)
    results = page.tables[0]
    assert [row[0] for row in results] == ["method", "unpruned", "s_nas", "ws_nas"]
    assert results[3][2] == "0.375 ± 0.057"
    assert page.count("svg") == 3
    captions = [label for tag, attributes in page.elements if tag == "figure" and (label := attributes["aria-label"])]
    assert captions == ["hypervolume", "klein_fig8", "pareto"]
    runs = next(table for table in page.tables if table[0][:2] == ["method", "file"])
    assert [row[0] for row in runs[1:]] == ["unpruned", "s_nas", "ws_nas", "ws_nas"]
    assert {row[2] for row in runs[1:]} == {"0123456789ab"}
    words = "".join(page.texts)
    assert "python -m nasbench +experiment=made_up" in words
    assert "s_nas has no finished run of seed 1" in words
    assert f"python -m analysis {experiment} --out {tmp_path} --report" in words


def test_nothing_comes_from_elsewhere_and_no_script_may_run(experiment: Path, tmp_path: Path) -> None:
    page = Parsed(report_of(experiment, tmp_path))
    assert page.count("script") == page.count("img") == page.count("link") == 0
    (policy,) = [a["content"] for tag, a in page.elements if tag == "meta" and "http-equiv" in a]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    targets = [v or "" for _, a in page.elements for name, v in a.items() if name in ("src", "href", "xlink:href")]
    assert targets
    assert all(target.startswith("#") for target in targets)
    used = re.findall(r"url\(([^)]*)\)", (tmp_path / "report.html").read_text("utf-8"))
    assert all(target.startswith("#") for target in used)


def test_identifiers_of_its_images_are_each_images_own(experiment: Path, tmp_path: Path) -> None:
    page = Parsed(report_of(experiment, tmp_path))
    names = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert [name for name, number in names.items() if number > 1] == []
    used = {v[1:] for _, a in page.elements for name, v in a.items() if name in ("href", "xlink:href") and v}
    assert used <= names.keys()


def test_what_a_run_says_is_text_and_never_markup(tmp_path: Path) -> None:
    config = {"method": {"name": HOSTILE, HOSTILE: HOSTILE}}
    write_run(
        tmp_path / "runs", HOSTILE, FRONT, TESTS, config=config, task=HOSTILE, provenance={"overrides": [HOSTILE]}
    )
    page = Parsed(report_of(tmp_path / "runs", tmp_path / "out"))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img"}
    assert not [a for _, a in page.elements if any(name.startswith("on") for name in a)]
    assert json.dumps(HOSTILE, ensure_ascii=False)[1:-1] in "".join(page.texts)


@pytest.mark.slow
def test_equal_runs_give_equal_bytes(experiment: Path, tmp_path: Path) -> None:
    first = report_of(experiment, tmp_path)
    assert report_of(experiment, tmp_path) == first


def test_experiments_are_sections_of_one_report_and_what_is_not_drawn_is_told(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(experiment.parent / "other", "s_nas", FRONT, TESTS, source="hub")
    text = report_of(experiment.parent, tmp_path, "--figure", "pareto", "--figure", "klein_fig7")
    page = Parsed(text)
    assert [a["id"] for tag, a in page.elements if tag == "section"] == ["setting1", "setting2"]
    assert page.count("svg") == 2
    words = "".join(page.texts)
    assert words.count("not drawn: klein_fig7") == 2
    assert not (tmp_path / "made_up" / "report.html").exists()


def test_what_is_mixed_and_what_cannot_be_read_is_named(experiment: Path, tmp_path: Path) -> None:
    write_run(experiment, "s_nas", FRONT, TESTS, source="hub")
    (experiment / "broken.jsonl").write_text("{}\n")
    assert main([str(experiment), "--out", str(tmp_path), "--report", "--figure", "cost_breakdown"]) == 1
    words = "".join(Parsed((tmp_path / "report.html").read_text("utf-8")).texts)
    assert "made_up: the runs are of 2 settings, never pooled: they differ in source (embedded, hub)" in words
    assert "left out: " in words
    assert "broken.jsonl" in words
