"""The page as a browser shows it: sorting, filtering, keys, and nothing that leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leaderboard.published import published
from leaderboard.site import site
from leaderboard.view import view
from tests.browser import Browser, started
from tests.leaderboard.made_up import BOARD, made_up
from tests.web_page import HOSTILE

pytestmark = pytest.mark.browser

OTHER = BOARD._replace(task="rte", source="hub", budget="3 epochs")
ENTRIES = [
    made_up("middle", [(0.5, 0.5)]),
    made_up("best", [(0.4, 0.6), (0.3, 0.7)]),
    made_up("large", [(0.6, 0.6)]),
    made_up("elsewhere", [(0.5, 0.5)], board=OTHER),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with started(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Path:
    path = tmp_path / "LEADERBOARD.html"
    path.write_text(site(view(ENTRIES, {}), published()), "utf-8")
    browser.open(path)
    return path


def names(browser: Browser) -> list[str]:
    """Of the first board, from the top."""
    return [summary.text for summary in browser.all("section:first-of-type table.board summary")]


def shown(browser: Browser) -> list[str]:
    """Tasks of the boards that are to be seen."""
    return [s.get_attribute("data-task") for s in browser.all("section[data-task]") if s.is_displayed()]


def button(browser: Browser, heading: str) -> Any:
    (found,) = [b for b in browser.all("section:first-of-type th button") if b.text.startswith(heading)]
    return found


def test_it_asks_for_nothing_and_complains_of_nothing(browser: Browser, page: Path) -> None:
    button(browser, "rank").click()
    assert browser.complaints() == []
    assert browser.requests() == [page.as_uri()]


def test_what_leaves_a_page_would_be_seen(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text('<img src="http://127.0.0.1:9/pixel"><script>alert(1)</script>', "utf-8")
    browser.open(path)
    assert browser.dialogs() == 1
    assert browser.requests() == [path.as_uri(), "http://127.0.0.1:9/pixel"]
    assert browser.complaints()


def test_a_click_on_a_heading_sorts_and_another_one_turns_it_round(browser: Browser, page: Path) -> None:
    assert names(browser) == ["best", "middle", "large"]
    button(browser, "hypervolume").click()
    assert names(browser) == ["large", "middle", "best"]
    button(browser, "hypervolume").click()
    assert names(browser) == ["best", "middle", "large"]
    assert browser.one("section:first-of-type th[aria-sort]").get_attribute("aria-sort") == "descending"
    button(browser, "method").click()
    assert names(browser) == ["best", "large", "middle"]
    assert len(browser.all("th[aria-sort]")) == 1


def test_what_has_no_value_stays_last_either_way(browser: Browser, page: Path) -> None:
    for last in (["best", "large"], ["best", "large"]):
        button(browser, "f1 ≤50%").click()
        assert names(browser)[0] == "middle"
        assert sorted(names(browser)[1:]) == last


@pytest.mark.parametrize(("name", "value"), [("task", "rte"), ("source", "hub"), ("budget", "3 epochs")])
def test_a_filter_shows_the_boards_of_its_value(browser: Browser, page: Path, name: str, value: str) -> None:
    from selenium.webdriver.support.select import Select

    select = Select(browser.one(f"select[data-filter={name}]"))
    assert shown(browser) == ["bbc_cloze", "rte"]
    select.select_by_value(value)
    assert shown(browser) == ["rte"]
    select.select_by_index(0)
    assert shown(browser) == ["bbc_cloze", "rte"]


def test_keys_reach_filters_headings_and_lines_in_order(browser: Browser, page: Path) -> None:
    from selenium.webdriver import Keys

    reached = []
    for _ in range(3 + 9 + 1):
        browser.press(Keys.TAB)
        reached.append(browser.focused().tag_name)
    assert reached == ["select"] * 3 + ["button"] * 9 + ["summary"]
    browser.press(Keys.ENTER)
    assert browser.one("section:first-of-type tbody details").get_attribute("open") is not None
    assert browser.one("section:first-of-type .front").is_displayed()  # shown by focus, as by hovering


def test_enter_on_a_heading_sorts(browser: Browser, page: Path) -> None:
    from selenium.webdriver import Keys

    browser.driver.execute_script("arguments[0].focus()", button(browser, "rank"))
    browser.press(Keys.ENTER, Keys.ENTER)
    assert names(browser) == ["large", "middle", "best"]
    assert browser.focused().text.startswith("rank")


def test_the_fronts_of_a_line_show_on_hover(browser: Browser, page: Path) -> None:
    from selenium.webdriver import ActionChains

    front = browser.one("section:first-of-type .front")
    assert not front.is_displayed()
    ActionChains(browser.driver).move_to_element(browser.one("section:first-of-type tbody td")).perform()
    assert front.is_displayed()


def test_without_scripts_it_is_all_there_but_the_filters(browser: Browser, page: Path) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.driver.refresh()
        assert shown(browser) == ["bbc_cloze", "rte"]
        assert names(browser) == ["best", "middle", "large"]
        assert not browser.one("#filters").is_displayed()
        assert browser.all("th button") == []
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_what_an_entry_says_does_not_run(browser: Browser, tmp_path: Path) -> None:
    board = BOARD._replace(task=HOSTILE, model=HOSTILE, budget=HOSTILE)
    path = tmp_path / "page.html"
    path.write_text(site(view([made_up(HOSTILE, [(0.5, 0.5)], board=board)], {board: [HOSTILE]})), "utf-8")
    browser.open(path)
    assert browser.dialogs() == 0
    assert names(browser) == [" ".join(HOSTILE.split())]
    assert (browser.complaints(), browser.requests()) == ([], [path.as_uri()])
