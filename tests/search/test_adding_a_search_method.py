"""The page on adding a search method is right: its code is run as it stands, as one file and one YAML file."""

import dataclasses
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import nasbench.search
from nasbench.config import build
from nasbench.search.random_search import RandomSearch
from tests.conftest import REPOSITORY
from tests.search.contract import CHECKS
from tests.search.toy import ZDT1_SPACE, drive, volume, zdt1

PAGE = (REPOSITORY / "docs" / "adding_a_search_method.md").read_text("utf-8")


def block(language: str) -> tuple[str, str]:
    """The only block of a language, and the file that the page says to save it as."""
    ((path, text),) = re.findall(rf"Save it as `([^`]+)`:\n\n```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return path, text


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The page's method, configured by the page, its module where the page puts it."""
    path, code = block("python")
    assert Path(path).parent == Path("nasbench/search")
    (tmp_path / Path(path).name).write_text(code, "utf-8")
    monkeypatch.setattr(nasbench.search, "__path__", [*nasbench.search.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, f"nasbench.search.{Path(path).stem}", raising=False)
    return build(yaml.safe_load(block("yaml")[1]), "search")


def test_the_files_are_named_alike() -> None:
    assert Path(block("yaml")[0]) == Path("conf/search") / f"{Path(block('python')[0]).stem}.yaml"


def test_the_method_is_as_short_as_promised() -> None:
    code = block("python")[1]
    body = code[code.index("    def propose") :]
    assert len([line for line in body.splitlines() if line.strip()]) <= 15


def test_the_configuration_lists_every_field(search: Any) -> None:
    listed = set(yaml.safe_load(block("yaml")[1])) - {"_target_"}
    assert listed == {field.name for field in dataclasses.fields(search)}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_the_method_keeps_the_contract(search: Any, check: Callable[[Any], None]) -> None:
    check(search)


def test_the_method_finds_more_than_random_search(search: Any) -> None:
    found, random = (
        sum(volume(drive(method, ZDT1_SPACE, zdt1, 60, seed), (1, 6)) for seed in range(10))
        for method in (search, RandomSearch())
    )
    assert found > random


def test_every_module_that_the_page_names_exists() -> None:
    new = {block("python")[0], block("yaml")[0]}
    named = set(re.findall(r"`((?:nasbench|conf|tests)/[\w/.]+)`", PAGE)) - new
    assert named
    assert all((REPOSITORY / path).is_file() for path in named)
