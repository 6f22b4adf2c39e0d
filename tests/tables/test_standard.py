"""Tables of networks that are each trained: against runs of standard NAS, cut builds, and search on several."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from analysis.comparison import compare
from nasbench import cost
from nasbench.cli import main
from nasbench.compose import experiment
from nasbench.errors import InputError
from nasbench.estimators import fine_tuning
from nasbench.estimators.standard import StandardEvaluator
from nasbench.records import RunHeader, Trial
from nasbench.results import find_runs, read_run
from nasbench.tables.build import Build, plan
from nasbench.tables.file import read_table
from nasbench.tables.record import Table
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


@pytest.mark.parametrize("scorings", [None, 1, 5, 6])
def test_networks_that_several_architectures_have_are_trained_once(
    scorings: int | None, tables: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 6 architectures 2 have no layer: 5 networks."""
    trained = []

    def counted(*arguments: object, **options: object) -> object:
        trained.append(arguments)
        return real(*arguments, **options)  # type: ignore[arg-type]

    def cut(done: int, total: int) -> None:
        if done == scorings:
            raise KeyboardInterrupt

    real = fine_tuning.train
    monkeypatch.setattr(fine_tuning, "train", counted)
    build = planned(tmp_path)
    assert len({build.space.network(architecture) for architecture in build.architectures}) == 5
    if scorings:
        with pytest.raises(KeyboardInterrupt):
            build.execute(cut)
    planned(tmp_path).execute(lambda done, total: None)
    assert len(trained) == 5
    assert read_table(build.path).checksum == read_table(tables[0]).checksum
    assert not list((tmp_path / ".weights").glob("[!.]*"))


def test_weights_of_a_build_cut_right_after_a_test_row_are_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(evaluator: StandardEvaluator, needed: Sequence[Trial], history: Sequence[Trial]) -> None:
        if not needed and history:
            raise KeyboardInterrupt
        real(evaluator, needed, history)

    real = StandardEvaluator.keep
    with monkeypatch.context() as patched:
        patched.setattr(StandardEvaluator, "keep", cut)
        with pytest.raises(KeyboardInterrupt):
            planned(tmp_path).execute(lambda done, total: None)
    assert len(read_run(planned(tmp_path).rows_path).tests) == 1
    planned(tmp_path).execute(lambda done, total: None)
    assert not list((tmp_path / ".weights").glob("[!.]*"))


def test_show_tells_that_there_is_no_super_network(tables: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", "show", str(tables[0])]) == 0
    told = capsys.readouterr().out
    assert "each network trained by itself" in told
    assert "super-network" not in told


@pytest.fixture(scope="module")
def searched(tables: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder of a search that took both tables in turn, figure and all."""
    folder = tmp_path_factory.mktemp("searched")
    assert search_tables([read_table(path) for path in tables], settings(folder, seeds=4), Console(quiet=True)) == 0
    return folder / "table_search"


def settings(results: Path, seeds: int) -> Settings:
    methods = ("random_search", "mo_rea")
    return Settings(methods=methods, seeds=seeds, trials=5, overrides=(), results=results, command=())


def test_seeds_of_a_search_take_several_tables_in_turn(tables: list[Path], searched: Path) -> None:
    both = [read_table(path) for path in tables]
    runs = [read_run(path) for path in find_runs(searched)]
    assert sorted(run.header.seed for run in runs) == [0, 0, 1, 1, 2, 2, 3, 3]
    for run in runs:
        for trial in run.trials:
            assert trial.evaluation.scores == both[run.header.seed % 2].row(trial.proposal.architecture).scores
    assert both[0].checksum != both[1].checksum


def test_searches_on_several_tables_of_one_problem_are_drawn_as_one(searched: Path) -> None:
    assert [path.name for path in (searched / "figures").glob("table_regret*.csv")] == ["table_regret.csv"]
    drawn = pd.read_csv(searched / "figures" / "table_regret.csv", comment="#")
    assert set(drawn["search"]) == {"random_search", "mo_rea"}
    assert set(drawn["seeds"]) == {4}


def test_a_seed_that_met_two_tables_is_not_pooled(tables: list[Path], searched: Path, tmp_path: Path) -> None:
    search_tables([read_table(tables[1])], settings(tmp_path, seeds=1), Console(quiet=True))
    alone = find_runs(tmp_path)
    (comparison,) = compare([read_run(path) for path in [*find_runs(searched), *alone]])
    runs = {label: [run.header.fingerprints["table"] for run in runs] for label, runs in comparison.methods.items()}
    checksums = [read_table(path).checksum for path in tables]
    of_search = {label: found for label, found in runs.items() if "mo_rea" in label}
    assert sorted(of_search.values()) == sorted([[checksums[0]] * 2, [checksums[1]] * 3])


def test_tables_of_different_problems_are_not_searched_as_one(tables: list[Path], tmp_path: Path) -> None:
    first, other = read_table(tables[0]), read_table(built(tmp_path / "other", "training.learning_rate=7e-4"))
    run, shape = first.header.run, first.header.shape
    others: dict[str, Table] = {
        "training.learning_rate": other,
        "fingerprints.data": _of_run(first, replace(run, fingerprints={**run.fingerprints, "data": "0" * 64})),
        "source": _of_run(first, replace(run, source="local")),
        "shape": replace(first, header=replace(first.header, shape=replace(shape, units=shape.units + 1))),
    }
    for differing, table in others.items():
        with pytest.raises(InputError, match=f"differ in {differing}:"):
            search_tables([first, table], settings(tmp_path, seeds=2), None)  # type: ignore[arg-type]
    assert not (tmp_path / "table_search").exists()


def _of_run(table: Table, run: RunHeader) -> Table:
    return replace(table, header=replace(table.header, run=run))
