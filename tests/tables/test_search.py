"""Searching on a table: runs as any other, what they cost and find, without torch; and what is refused."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from analysis.comparison import compare
from analysis.true_regret import regret_over_evaluations, searches
from nasbench import cost
from nasbench.cli import main
from nasbench.compose import experiment
from nasbench.errors import InputError
from nasbench.estimators import table as lookup
from nasbench.pareto import hypervolume
from nasbench.records import Proposal, Trial
from nasbench.results import find_runs, read_run
from nasbench.run import Run, assemble
from nasbench.tables.file import read_table, write_table
from nasbench.tables.record import Table
from nasbench.tables.search import Settings, search_tables
from nasbench.tables.timing import FILE, ProposalTime, proposal_time, store
from tests.tables.conftest import GRID

Rows = Callable[[Path], list[dict[str, Any]]]

METHODS = "random_search,local_search,mo_rea,nsga2"

WITHOUT_TORCH = """
import sys
from nasbench import cost
from nasbench.cli import main
code = main(sys.argv[1:])
sys.exit("torch was imported" if "torch" in sys.modules else code)
"""

AT_ONCE = ("+experiment=table_search", *GRID[1:], "budget.amount=12")


@pytest.fixture(scope="module")
def results(table_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `table search`, run as a user runs it."""
    folder = tmp_path_factory.mktemp("searched")
    flags = ["--search", METHODS, "--seeds", "2", "--trials", "12", "--results", str(folder)]
    command = [sys.executable, "-c", WITHOUT_TORCH, "table", "search", str(table_path), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [name for name in METHODS.split(",") if name not in done.stdout] == []
    assert "ms a proposal" in done.stdout
    assert "export the choice of" not in done.stdout  # there are no weights
    assert f"proposal times: {folder / 'table_search' / FILE}" in done.stdout
    return folder / "table_search"


def recalled(table_path: Path, results: Path, *overrides: str, search: str = "nsga2") -> Run:
    given = [*AT_ONCE, f"search={search}", f"estimator.table={table_path}", f"runtime.results={results}", *overrides]
    return assemble(experiment(given).runs[0])


def test_every_method_and_seed_is_a_finished_run_that_found_what_the_table_says(results: Path, table: Table) -> None:
    runs = [read_run(path) for path in find_runs(results)]
    assert len(runs) == 4 * 2
    for run in runs:
        assert run.finished
        assert len(run.trials) == 12
        spent = table.header.phases[0].cost
        assert run.phases[0] == table.header.phases[0]
        for trial in run.trials:
            row = table.row(trial.proposal.architecture)
            spent += row.cost
            assert (trial.evaluation.validation, trial.evaluation.scores) == (row.validation, row.scores)
            assert (trial.evaluation.sizes, trial.spent) == (row.sizes, spent)
        for test in run.tests:
            row = table.row(run.trials[test.trial].proposal.architecture)
            assert (test.objectives, test.scores, test.cost) == (row.test, row.test_scores, row.test_cost)


def test_the_same_run_comes_from_hydra_and_is_repeated_row_by_row(table_path: Path, tmp_path: Path, rows: Rows) -> None:
    first, again = (recalled(table_path, tmp_path / name) for name in ("a", "b"))
    for run in (first, again):
        run.execute(lambda progress: None)
    assert rows(first.path) == rows(again.path)
    assert main(["rerun", str(first.path)]) == 0


def test_a_cut_search_is_completed_to_the_same_rows(table_path: Path, tmp_path: Path, rows: Rows) -> None:
    run = recalled(table_path, tmp_path)
    run.execute(lambda progress: None)
    whole, stored = run.path.read_bytes(), rows(run.path)
    run.path.write_bytes(whole[: int(0.6 * len(whole))])
    recalled(table_path, tmp_path).execute(lambda progress: None)
    assert rows(run.path) == stored


def test_regret_is_what_the_true_front_has_more(results: Path, table: Table) -> None:
    points = [tuple(row.validation.values()) for row in table.rows.values()]
    truth = hypervolume(points, (1.0, 1.0))
    (comparison,) = compare([read_run(path) for path in find_runs(results)])
    found = searches(comparison)
    assert sorted(found) == sorted(METHODS.split(","))
    data = regret_over_evaluations(found)
    assert data.groupby("search")["evaluations"].apply(list).tolist() == [list(range(1, 13))] * 4
    for row in data.to_dict("records"):
        regrets = [
            truth - hypervolume([list(t.evaluation.validation.values()) for t in seen], (1.0, 1.0))
            for seen in (run.trials[: row["evaluations"]] for run in found[row["search"]])
        ]
        assert row["regret"] == pytest.approx(sum(regrets) / 2, abs=1e-12)
        assert row["seeds"] == 2


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["space.units_step=8"], r"is a table of space small_units_step_16, not of small_units_step_8"),
        (["space.allow_zero=true"], "not of small_allow_zero_units_step_16"),
        (["model=minilm"], r"model\.\S+ is .*, but .*parquet was built with"),
        (["task.max_length=32"], r"task\.max_length is 32, but .* was built with 64"),
        (["training.epochs=2"], r"training\.epochs is 2, but .* was built with 1"),
        (["limits.validation=13"], r"limits\.validation is 13, but .* was built with 12"),
        (["budget.unit=seconds"], "budget.unit cannot be seconds on a table"),
        (["estimator.table=nowhere.parquet"], "there is no table nowhere.parquet"),
    ],
)
def test_a_table_of_something_else_is_refused_before_anything_is_written(
    overrides: list[str], words: str, table_path: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        recalled(table_path, tmp_path, *overrides).execute(lambda progress: None)
    assert list(tmp_path.iterdir()) == []


def test_an_option_that_came_after_the_table_makes_no_difference_at_its_default(
    table_path: Path, tmp_path: Path
) -> None:
    stored = read_table(table_path)
    config = {name: dict(part) if isinstance(part, dict) else part for name, part in stored.header.run.config.items()}
    del config["model"]["dropout"]
    config["training"]["epochs"] = 1.0
    older = replace(stored.header, run=replace(stored.header.run, config=config))
    write_table(tmp_path / "older.parquet", older, list(stored.rows.values()))
    assert recalled(tmp_path / "older.parquet", tmp_path).problem.seed == 0
    with pytest.raises(InputError, match=r"model\.dropout is 0\.2, but .* was built with null"):
        recalled(tmp_path / "older.parquet", tmp_path, "model.dropout=0.2")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--search", "nsga"], "search=nsga does not exist"),
        (["--search", "random_search,mo_asha"], "whose scores no table has: take a search of one fidelity"),
        (["--search", "nsga2_paraskeva"], "whose scores no table has: take search.keep=1"),
        (["--set", "search.keep=1"], "search.keep"),
        (["--seeds", "0"], "--seeds must be at least 1, not 0"),
        (["--trials", "0"], "--trials must be at least 1, not 0"),
        (["--set", "seed=1"], "seed=1 is no setting of a search method"),
        (["--set", "search.batch_siz=1"], "search.batch_siz"),
        (["--set", "search.batch_size=0"], "search.batch_size must be at least 1, not 0"),
    ],
)
def test_a_search_that_cannot_be_is_refused_in_a_sentence(
    flags: list[str], words: str, table_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["table", "search", str(table_path), "--results", str(tmp_path / "results"), *flags]) == 2
    (sentence,) = capsys.readouterr().err.strip().splitlines()
    assert words in sentence
    assert not (tmp_path / "results").exists()


def test_a_setting_goes_to_the_methods_that_have_it(table_path: Path, tmp_path: Path) -> None:
    flags = ["--search", "random_search,nsga2_paraskeva", "--seeds", "1", "--trials", "5", "--results", str(tmp_path)]
    assert main(["table", "search", str(table_path), *flags, "--set", "search.keep=1", "search.batch_size=2"]) == 0
    searches = [read_run(path).header.config["method"]["search"] for path in find_runs(tmp_path)]
    assert sorted((search.get("keep", 0), search["batch_size"]) for search in searches) == [(0, 2), (1, 2)]
    times = stored_times(tmp_path / "table_search")
    assert times["nsga2_paraskeva"]["settings"] == "search.keep=1 search.batch_size=2"
    assert times["random_search"]["settings"] == "search.batch_size=2"


def stored_times(folder: Path) -> dict[str, dict[str, str]]:
    with open(folder / FILE, newline="", encoding="utf-8") as file:
        return {row["search"]: row for row in csv.DictReader(file)}


def test_proposal_times_stay_beside_the_regret(results: Path) -> None:
    times = stored_times(results)
    assert list(times) == METHODS.split(",")
    assert (results / FILE).parent == (results / "figures")
    for name, row in times.items():
        assert (row["observations"], row["calls"]) == ("12", "2")
        assert float(row["proposals"]) == (10 if name == "nsga2" else 1)
        assert float(row["milliseconds"]) > 0


def test_times_of_other_searches_stay_and_those_of_the_same_are_replaced(tmp_path: Path) -> None:
    first = ProposalTime(search="a", settings="", observations=9, calls=1, proposals=1.0, milliseconds=1.0)
    store(tmp_path, [first, replace(first, search="b")])
    store(tmp_path, [replace(first, milliseconds=2.0), replace(first, settings="x=1", milliseconds=None)])
    with open(tmp_path / FILE, newline="", encoding="utf-8") as file:
        found = [(row["search"], row["settings"], row["milliseconds"]) for row in csv.DictReader(file)]
    assert found == [("a", "", "2.0"), ("b", "", "1.0"), ("a", "x=1", "")]


@dataclass(frozen=True)
class Counted:
    """Proposes several at a time, each of which takes 3 seconds of a clock."""

    clock: list[float]
    several: int = 4

    def propose(self, space: object, history: Sequence[Trial], rng: object) -> list[str]:
        assert len(history) == 12
        self.clock[0] += 3 * self.several
        return ["proposal"] * self.several


@pytest.mark.parametrize(("several", "told"), [(4, (1, 4, 3000.0)), (0, (0, None, None))])
def test_a_time_is_of_one_proposal(
    several: int, told: tuple[object, ...], results: Path, table_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("nasbench.tables.timing.time.perf_counter", lambda: clock[0])
    run = recalled(table_path, results.parent)
    searching = replace(run, method=replace(run.method, search=Counted(clock, several=several)))  # type: ignore[type-var]
    found = proposal_time("counted", (), [(searching, read_run(run.path))])
    assert (found.calls, found.proposals, found.milliseconds) == told
    assert found.observations == 12


def test_a_look_up_computes_no_size_and_a_start_no_front_twice(
    table: Table, table_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [recalled(table_path, tmp_path, f"seed={seed}") for seed in (0, 1)]
    fronts, sizes = [], []

    def hypervolume_counted(points: list[list[float]], reference: list[float]) -> float:
        fronts.append(len(points))
        return hypervolume(points, reference)

    def sizes_counted(*arguments: Any) -> Any:
        sizes.append(arguments)
        return real(*arguments)

    lookup._hypervolume.cache_clear()
    real = cost.sizes
    monkeypatch.setattr(lookup, "hypervolume", hypervolume_counted)
    monkeypatch.setattr(cost, "sizes", sizes_counted)
    for run in runs:
        session = run.method.start(run.problem)
        for row in table.rows.values():
            found = session.evaluate(Proposal(row.architecture), ())
            assert (found.validation, found.sizes, found.cost) == (row.validation, row.sizes, row.cost)
    assert fronts == [len(table.rows)]
    assert len(sizes) <= len(runs)  # those of the full network


def test_a_search_whose_figure_fails_fails(table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = SimpleNamespace(run=lambda *arguments, **options: SimpleNamespace(returncode=7))
    monkeypatch.setattr("nasbench.tables.search.subprocess", failed)
    settings = Settings(
        methods=("random_search",), seeds=1, trials=2, overrides=(), results=tmp_path, command=("table", "search")
    )
    assert search_tables([table], settings, Console(quiet=True)) == 7


def test_a_search_goes_on_with_the_runs_that_hydra_made(results: Path, table_path: Path, tmp_path: Path) -> None:
    run = recalled(table_path, tmp_path)
    assert (results / run.path.name).exists()
    written, own = read_run(results / run.path.name).header, run.header()
    assert (written.config, written.source, written.scale) == (own.config, own.source, own.scale)


def test_show_tells_what_a_table_is_and_its_front(
    table: Table, table_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["table", "show", str(table_path)]) == 0
    told = capsys.readouterr().out
    assert "48 architectures of space small_units_step_16" in told
    assert all(json.dumps(architecture.to_json()) in told for architecture in table.front)


def test_a_run_on_a_table_has_no_network_to_export(table_path: Path, tmp_path: Path) -> None:
    run = recalled(table_path, tmp_path)
    run.execute(lambda progress: None)
    with pytest.raises(InputError, match="a table holds no weights: run method=ws_nas"):
        run.method.start(run.problem).extract(read_run(run.path).trials[0])
