import base64
import hashlib
import json
import re
from pathlib import Path

from analysis.load import load_runs
from leaderboard.published import published
from leaderboard.site import HEIGHT, MARGIN, WIDTH, fronts, site
from leaderboard.submission import entries
from leaderboard.view import view
from tests.analysis.runs import write_run
from tests.leaderboard.made_up import BOARD, FRONT, TESTS, made_up
from tests.web_page import HOSTILE, Parsed


def test_without_scripts_it_is_a_plain_table() -> None:
    text = site(view([made_up("b", [(0.5, 0.5)]), made_up("a", [(0.4, 0.6)], [(0.4, 0.2)])], {}))
    table = Parsed(text).tables[0]
    assert table[0] == [
        "method",
        "rank",
        "hypervolume",
        *(f"f1 ≤{p}%" for p in (25, 50, 75)),
        "COST",
        "seeds",
        "verified",
    ]
    assert [row[0][0] for row in table[1:]] == ["a", "b"]
    assert [row[1:] for row in table[1:]][1] == ["2", "0.2500", "-", "0.5000", "0.5000", "1.00", "1", "-"]


def test_nothing_comes_from_elsewhere_and_no_script_but_its_own_may_run() -> None:
    text = site(view([made_up("a", [(0.5, 0.5)])], {}), published())
    assert not re.search(r"https?:|//[a-z]|@import|url\(", text)
    parsed = Parsed(text)
    assert not [attributes for _, attributes in parsed.elements if {"src", "href"} & attributes.keys()]
    (policy,) = [a["content"] for tag, a in parsed.elements if tag == "meta" and "http-equiv" in a]
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_what_an_entry_says_is_text_and_never_markup(tmp_path: Path) -> None:
    board = BOARD._replace(task=HOSTILE, model=HOSTILE, metric=HOSTILE, budget=HOSTILE)
    harmless = BOARD._replace(task="t", model="t", metric="t", budget="t")
    write_run(tmp_path, HOSTILE, FRONT, TESTS, config={"method": {"name": HOSTILE, HOSTILE: HOSTILE}})
    write_run(tmp_path, "plain", FRONT, TESTS)
    from_runs = entries(load_runs(tmp_path))
    notes = {board: [HOSTILE]}

    def elements(text: str) -> list[tuple[str, list[str]]]:
        return [(tag, sorted(attributes)) for tag, attributes in Parsed(text).elements]

    hostile = site(view([made_up(HOSTILE, [(0.5, 0.5)], board=board)], notes))
    assert elements(hostile) == elements(site(view([made_up("t", [(0.5, 0.5)], board=harmless)], {harmless: ["t"]})))
    shown = Parsed(site(view(*from_runs)))
    assert [tag for tag, _ in shown.elements].count("script") == 1
    assert "img" not in [tag for tag, _ in shown.elements]
    assert json.dumps(HOSTILE, ensure_ascii=False)[1:-1] in "".join(shown.texts)


def test_fronts_are_drawn_to_scale_and_stay_in_their_frame() -> None:
    (front,) = fronts(made_up("a", [(0.0, 1.0), (1.3, 0.0), (0.5, 0.5)]))
    inner_x, inner_y = (MARGIN, WIDTH - MARGIN), (MARGIN, HEIGHT - MARGIN)
    middle = ((inner_x[0] + inner_x[1]) / 2, (inner_y[0] + inner_y[1]) / 2)
    assert list(front.members) == [(inner_x[0], inner_y[0]), middle, (inner_x[1], inner_y[1])]
    parsed = Parsed(site(view([made_up("a", [(0.5, 0.5), (0.4, 0.6)], [(0.2, 0.3)])], {})))
    assert (parsed.count("circle"), parsed.count("polyline"), parsed.count("svg")) == (3, 2, 1)


def test_sections_can_be_filtered_and_cells_sorted() -> None:
    other = BOARD._replace(task="rte", source="hub")
    parsed = Parsed(site(view([made_up("a", [(0.5, 0.5)]), made_up("a", [(0.5, 0.5)], board=other)], {})))
    sections = [attributes for tag, attributes in parsed.elements if tag == "section"]
    assert [(s["data-task"], s["data-source"], s["data-budget"]) for s in sections] == [
        ("bbc_cloze", "embedded", "2 epochs"),
        ("rte", "hub", "2 epochs"),
    ]
    options = [attributes["value"] for tag, attributes in parsed.elements if tag == "option"]
    assert options == ["", "bbc_cloze", "rte", "", "embedded", "hub", "", "2 epochs"]
    values = [attributes["data-value"] for tag, attributes in parsed.elements if tag == "td"]
    assert values[:9] == ["a", "1", "0.25", "", "0.5", "0.5", "1.0", "1", "-"]


def test_published_numbers_are_in_no_table_that_is_ranked() -> None:
    text = site(view([made_up("a", [(0.5, 0.5)])], {}), published())
    boards, _, reference = text.partition('<div class="reference">')
    assert "ELM-Small" not in boards
    assert 'class="board"' not in reference
    assert Parsed(reference).count("table") == len(published())
