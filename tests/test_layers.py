"""The house: which part may import which, read from the source of every file."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSES = ("nasbench", "baselines", "analysis", "leaderboard")

LEVELS = {
    "nasbench": 0,  # the version alone
    "nasbench.errors": 0,
    "nasbench.pipes": 0,
    "nasbench.records": 0,
    "nasbench.blocks": 0,
    "nasbench.rng": 0,
    "nasbench.pareto": 1,
    "nasbench.cost": 1,
    "nasbench.options": 1,
    "nasbench.rows": 1,
    "nasbench.trial_rows": 1,
    "nasbench.columns": 1,
    "nasbench.differences": 1,
    "nasbench.results": 1,
    "nasbench.tensors": 0,
    "nasbench.unfinished": 1,
    "nasbench.weights": 1,
    "nasbench.provenance": 1,
    "nasbench.precision": 1,
    "nasbench.spaces": 1,
    "nasbench.diff": 2,
    "nasbench.gather": 2,
    "nasbench.states": 2,
    "nasbench.sharing": 2,
    "nasbench.search": 2,
    "nasbench.models": 2,
    "nasbench.tasks": 2,
    "nasbench.objectives": 3,
    "nasbench.training": 3,
    "nasbench.scoring": 3,
    "nasbench.problem": 4,  # what estimators are given, so below them
    "nasbench.supernet": 4,
    "nasbench.tables": 4,
    "nasbench.estimators": 5,
    "nasbench.budget": 6,
    "nasbench.config": 6,
    "nasbench.method": 6,
    "nasbench.runtime": 6,
    "nasbench.interruption": 0,
    "nasbench.executors.base": 6,
    "nasbench.executors.pool": 0,
    "nasbench.executors.processes": 0,
    "nasbench.executors.jobs": 0,
    "nasbench.executors": 7,
    "nasbench.launchers": 7,
    "nasbench.compose": 7,
    "nasbench.drive": 7,
    "nasbench.run": 7,
    "nasbench.progress": 8,
    "nasbench.estimate": 8,
    "nasbench.plan": 8,
    "nasbench.experiment": 8,
    "nasbench.tables.build": 8,
    "nasbench.tables.scores": 8,
    "nasbench.tables.search": 8,
    "nasbench.tables.timing": 8,
    "nasbench.tables.commands": 8,
    "nasbench.status": 8,
    "nasbench.stored": 8,
    "nasbench.subcommands": 8,
    "nasbench.cli": 8,
    "nasbench.__main__": 8,
}
"""A module imports from its own level and from those below. A package's files have the level of the package."""

BASELINES_UP_TO = 6
READERS = (
    *("nasbench.records", "nasbench.results", "nasbench.pareto", "nasbench.rng", "nasbench.errors"),
    *("nasbench.options", "nasbench.search.survival", "nasbench.pipes"),
)
"""All of nasbench that analysis and leaderboard may import: they work from stored runs alone."""

TORCH_FREE = (
    *("nasbench.records", "nasbench.blocks", "nasbench.rng", "nasbench.pareto", "nasbench.rows", "nasbench.results"),
    *(
        "nasbench.provenance",
        "nasbench.cost",
        "nasbench.options",
        "nasbench.errors",
        "nasbench.spaces",
        "nasbench.search",
        "nasbench.cli",
        "nasbench.run",
        "nasbench.estimators.table",
        "nasbench.tables.search",
        "nasbench.tables.listing",
    ),
    *("analysis", "leaderboard"),
)
"""Modules, and packages with all their files, that importing must not make load torch."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for house in HOUSES for path in sorted((ROOT / house).rglob("*.py"))}


def imports(name: str, source: str) -> Iterator[str]:
    """The modules of this project that a module's source imports, wherever in it."""
    is_package = name in MODULES and MODULES[name].name == "__init__.py"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = name.split(".")[: None if is_package and node.level == 1 else -node.level + is_package]
            base = ".".join([*(above if node.level else []), *([node.module] if node.module else [])])
            found = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (existing(target) for target in found if target.split(".")[0] in HOUSES)


def existing(target: str) -> str:
    """The longest beginning of a dotted name that is a module: the rest of it is what is imported from there."""
    while target and target not in MODULES:
        target = target.rpartition(".")[0]
    return target


def level(module: str) -> int | None:
    """Of the module itself, or else of the package that it lies in; None where the table knows neither."""
    while module not in LEVELS and "." in module:
        module = module.rpartition(".")[0]
        if module == "nasbench":
            return None
    return LEVELS.get(module)


def complaint(module: str, target: str) -> str | None:
    """What is wrong with a module importing a target, if anything."""
    house, other = module.split(".")[0], target.split(".")[0]
    if house == "nasbench":
        if other != house:
            return f"{module} imports {target}: nasbench imports no other package of the project"
        mine, its = level(module), level(target)
        if mine is None or its is None:
            return f"{module if mine is None else target} has no level: add it to LEVELS in tests/test_layers.py"
        return f"{module} (level {mine}) imports {target} (level {its})" if its > mine else None
    if house == "baselines":
        if other == house:
            return None
        its = level(target) if other == "nasbench" else None
        if its is None:
            return f"{module} imports {target}: baselines import nasbench alone"
        too_high = its > BASELINES_UP_TO
        return f"{module} imports {target} (level {its}): baselines go up to {BASELINES_UP_TO}" if too_high else None
    if other == "nasbench":
        return None if target in READERS else f"{module} imports {target}: it may import {', '.join(READERS)}"
    allowed = {"analysis": ("analysis",), "leaderboard": ("analysis", "leaderboard")}[house]
    return None if other in allowed else f"{module} imports {target}: it may import {' and '.join(allowed)}"


@pytest.mark.parametrize("house", HOUSES)
def test_every_import_goes_down(house: str) -> None:
    names = [name for name in MODULES if name.split(".")[0] == house]
    assert len(names) > 1
    found = [complaint(name, target) for name in names for target in imports(name, MODULES[name].read_text("utf-8"))]
    assert [text for text in found if text] == []


def test_every_file_of_nasbench_has_a_level() -> None:
    unknown = [name for name in MODULES if name.startswith("nasbench.") and level(name) is None]
    assert unknown == [], "add these modules, with the level of what they may import, to LEVELS in tests/test_layers.py"


def test_the_table_names_no_module_that_is_gone() -> None:
    assert [name for name in LEVELS if name not in MODULES] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: set(imports(name, path.read_text("utf-8"))) for name, path in MODULES.items()}
    order = list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, naming the circle
    assert len(order) >= len(graph)


@pytest.mark.parametrize(
    ("module", "source", "told"),
    [
        ("nasbench.spaces.small", "from nasbench.search.base import SearchMethod", "(level 2)"),
        ("nasbench.spaces.new", "def f():\n    import nasbench.models.elastic", "(level 2)"),
        ("nasbench.spaces.new", "from ..models.elastic import ElasticModel", "(level 2)"),
        ("nasbench.results", "from nasbench import run", "(level 7)"),
        ("nasbench.run", "from analysis import load", "imports no other package"),
        ("nasbench.surprise", "import nasbench.records", "nasbench.surprise has no level: add it to LEVELS"),
        ("baselines.new", "from nasbench.run import Run", "up to 6"),
        ("baselines.new", "import analysis.load", "baselines import nasbench alone"),
        ("analysis.new", "from nasbench.rows import parse", "it may import nasbench.records"),
        ("analysis.new", "import leaderboard.rank", "it may import analysis"),
        ("leaderboard.new", "from baselines import unpruned", "it may import analysis and leaderboard"),
    ],
)
def test_a_forbidden_import_is_told(module: str, source: str, told: str) -> None:
    (target,) = imports(module, source)
    assert told in str(complaint(module, target))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("nasbench.spaces.new", "from nasbench.spaces.base import SearchSpace"),
        ("nasbench.spaces.new", "from .base import SearchSpace"),
        ("nasbench.search.new", "from nasbench import rng, records"),
        ("baselines.new", "from nasbench.estimators.base import Evaluator"),
        ("analysis.figures.new", "from nasbench.results import Run"),
        ("leaderboard.new", "import analysis.load, numpy"),
    ],
)
def test_an_import_that_goes_down_is_not_told(module: str, source: str) -> None:
    targets = list(imports(module, source))
    assert targets
    assert [complaint(module, target) for target in targets] == [None] * len(targets)


CHECK = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
    if "torch" in sys.modules:
        sys.exit(f"importing {name} loads torch")
"""


def test_what_is_torch_free_does_not_load_torch() -> None:
    free = [
        name
        for name in MODULES
        if any(name == part or name.startswith(f"{part}.") for part in TORCH_FREE) and not name.endswith("__main__")
    ]
    done = subprocess.run([sys.executable, "-c", CHECK, *free], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_torch_check_can_fail() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHECK, "nasbench.weights"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "importing nasbench.weights loads torch" in done.stderr
