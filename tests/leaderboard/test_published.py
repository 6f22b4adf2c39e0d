"""The numbers of papers on the board, against the papers' own text where it is at hand."""

from __future__ import annotations

import re

import pytest

from leaderboard.published import Published, published
from tests.conftest import DATA

PAPERS = DATA.parent / "papers"
ELM, PARASKEVA = "elm_2025_elastic_architecture_search.txt", "paraskeva_2024_nas_distilbert.txt"

OF_GLUE = (0, 1, 2, 3, 4, 6)
"""QNLI, MRPC, SST-2, CoLA, STS-B and RTE among the columns of the tables, of which MNLI and QQP are not shown."""

Row = tuple[str, float, tuple[float | None, ...]]


def text_of(name: str) -> str:
    if not (PAPERS / name).is_file():
        pytest.skip(f"papers: no {PAPERS / name} (beside the folder of NASBENCH_DATA)")
    return (PAPERS / name).read_text("utf-8")


def table(source: str) -> Published:
    (found,) = (table for table in published() if table.source.endswith(source))
    return found


def printed(text: str, title: str) -> list[Row]:
    """The rows after a title: name, parameters in millions, and all numbers behind the latency, if there is one."""
    rows = []
    for line in text[text.index(f"\n{title}: ") :].splitlines()[2:]:
        found = re.match(r"(.+?)(?:\s\[\d+\])? (\d+\.\d)M (?:\d+ms )?([\d./\- ]+)$", line)
        if found:
            cells = [part for cell in found[3].split() for part in cell.split("/")]
            rows.append((found[1], float(found[2]), tuple(None if cell == "-" else float(cell) for cell in cells)))
        elif rows:
            break
    return rows


def shown(found: Published) -> list[Row]:
    return [(name.removesuffix(" (second row)"), millions or 0.0, scores) for name, millions, scores in found.rows]


@pytest.mark.parametrize(("title", "rows", "of_mnli"), [("TABLE I", 12, 2), ("TABLE II", 5, 1)])
def test_glue_rows_are_those_of_the_papers_tables(title: str, rows: int, of_mnli: int) -> None:
    """Table I prints MNLI as two numbers, Table II as one."""
    places = [place if place < 5 else place + of_mnli - 1 for place in OF_GLUE]
    of_paper = [row for row in printed(text_of(ELM), title) if row[2][0] is not None]
    expected = [(name, size, tuple(scores[place] for place in places)) for name, size, scores in of_paper]
    assert len(expected) == rows
    assert shown(table(title.replace("TABLE", "Table"))) == expected


def test_squad_rows_are_those_of_the_papers_table() -> None:
    expected = printed(text_of(ELM), "TABLE III")
    assert len(expected) == 8
    assert shown(table("Table III")) == expected


def test_the_baseline_is_the_papers() -> None:
    assert "EM score 62.0 and an F1 of 75.9" in text_of(PARASKEVA)
    assert table("language models, baseline").rows == (("DistilBERT", None, (62.0, 75.9)),)


def test_every_row_has_a_score_a_heading() -> None:
    assert {len(scores) - len(found.headings) for found in published() for _, _, scores in found.rows} == {0}
