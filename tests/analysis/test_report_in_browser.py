"""The report as a browser shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.cli import main
from tests.analysis.conftest import FRONT, TESTS
from tests.analysis.runs import write_run
from tests.browser import Browser, started
from tests.web_page import HOSTILE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with started(tmp_path_factory.mktemp("profile")) as found:
        yield found


def test_it_shows_its_figures_asks_for_nothing_and_runs_nothing(browser: Browser, tmp_path: Path) -> None:
    for experiment, source in (("one", "embedded"), ("two", "hub")):
        config = {"method": {"name": HOSTILE, HOSTILE: HOSTILE}}
        write_run(tmp_path / experiment, HOSTILE, FRONT, TESTS, config=config, source=source)
    out = tmp_path / "out"
    assert main([str(tmp_path), "--out", str(out), "--report", "--figure", "pareto"]) == 0
    page = out / "report.html"
    browser.open(page)
    assert browser.dialogs() == 0
    assert (browser.complaints(), browser.requests()) == ([], [page.as_uri()])
    images = browser.all("figure svg")
    assert len(images) == 2
    assert all(image.is_displayed() and image.size["height"] > 100 for image in images)
    assert not browser.driver.execute_script("return document.body.scrollWidth > window.innerWidth")
    browser.one("ol a[href='#setting2']").click()
    assert browser.driver.execute_script("return document.querySelector(':target').id") == "setting2"
    details = browser.one("#setting2 details")
    details.find_element("css selector", "summary").click()
    assert details.find_element("css selector", "table").is_displayed()
