"""Tables of networks that are each trained: against runs of standard NAS, cut builds, and search on several."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from nasbench import cost
from nasbench.compose import experiment
from nasbench.errors import InputError
from nasbench.results import read_run
from nasbench.tables.build import Build, plan
from nasbench.tables.file import read_table
from nasbench.tables.search import Settings, search_tables
from tests.tables.conftest import GRID

TINY_GRID = (
    "+experiment=table_standard",
    *GRID[1:3],
    "space.layers_step=1",
    "space.heads_step=2",
    "space.units_step=64",
)


def planned(results: Path, *overrides: str) -> Build:
    (spec,) = experiment([*TINY_GRID, *GRID[4:], f"runtime.results={results}", *overrides]).runs
    return plan(spec, None)


def built(results: Path, *overrides: str) -> Path:
    build = planned(results, *overrides)
    build.execute(lambda done, total: None)
    return build.path


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [built(tmp_path_factory.mktemp("results"), f"seed={seed}") for seed in (0, 1)]


def test_rows_are_those_of_standard_nas(tables: list[Path], tmp_path: Path, make_run: Callable[..., Path]) -> None:
    table = read_table(tables[0])
    assert len(table.rows) == 3 * 2
    assert table.header.phases == ()
    task = ("task=bbc_topics", "task.max_length=32")
    space = ("space.heads_step=2", "space.units_step=64")
    run = read_run(make_run(tmp_path, "s_nas", *task, *space, *GRID[4:], "budget.amount=4"))
    assert len(run.trials) > 3
    for trial in run.trials:
        row, found = table.row(trial.proposal.architecture), trial.evaluation
        assert (row.scores, row.validation, row.sizes, row.cost) == (
            found.scores,
            found.validation,
            found.sizes,
            found.cost,
        )
        assert row.cost > cost.forward_macs(
            table.header.shape,
            planned(tmp_path).space.network(trial.proposal.architecture),
            table.header.lengths["train"],
        )
    for test in run.tests:
        row = table.row(run.trials[test.trial].proposal.architecture)
        assert (row.test_scores, row.test, row.test_cost) == (test.scores, test.objectives, test.cost)


@pytest.mark.parametrize(("scorings", "lost"), [(2, False), (8, True)])
def test_a_build_cut_anywhere_goes_on(scorings: int, lost: bool, tables: list[Path], tmp_path: Path) -> None:
    """Weights that are gone are trained again; none is left at the end."""

    def cut(done: int, total: int) -> None:
        if done == scorings:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        planned(tmp_path).execute(cut)
    build = planned(tmp_path)
    kept = read_run(build.rows_path)
    assert len(kept.trials) + len(kept.tests) == scorings
    if lost:
        shutil.rmtree(tmp_path / ".weights")
    build.execute(lambda done, total: None)
    assert read_table(build.path).checksum == read_table(tables[0]).checksum
    assert not list((tmp_path / ".weights").glob("[!.]*"))


def test_seeds_of_a_search_take_several_tables_in_turn(
    tables: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_figure = SimpleNamespace(run=lambda *arguments, **options: None)
    monkeypatch.setattr("nasbench.tables.search.subprocess", no_figure)
    both = [read_table(path) for path in tables]
    settings = Settings(methods=("random_search",), seeds=4, trials=5, overrides=(), results=tmp_path, command=())
    search_tables(both, settings, Console(quiet=True))
    runs = {run.header.seed: run for run in map(read_run, (tmp_path / "table_search").glob("*.jsonl"))}
    assert sorted(runs) == [0, 1, 2, 3]
    for seed, run in runs.items():
        for trial in run.trials:
            assert trial.evaluation.scores == both[seed % 2].row(trial.proposal.architecture).scores
    assert both[0].checksum != both[1].checksum


def test_tables_of_different_problems_are_not_searched_as_one(tables: list[Path], tmp_path: Path) -> None:
    other = built(tmp_path / "other", "training.learning_rate=7e-4")
    settings = Settings(methods=("random_search",), seeds=2, trials=5, overrides=(), results=tmp_path, command=())
    with pytest.raises(InputError, match="differ in training"):
        search_tables([read_table(tables[0]), read_table(other)], settings, None)  # type: ignore[arg-type]
    assert not (tmp_path / "table_search").exists()
    shutil.rmtree(tmp_path / "other")
