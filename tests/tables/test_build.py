"""Building a table: what it holds, against runs that compute and brute force; and that a cut build goes on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from nasbench import cost
from nasbench.cli import main
from nasbench.compose import experiment
from nasbench.errors import InputError, RunError
from nasbench.records import Architecture, Status, SubNetwork
from nasbench.results import read_run
from nasbench.run import assemble
from nasbench.scoring import Scorer
from nasbench.tables.build import Build, plan
from nasbench.tables.commands import with_overrides_last
from nasbench.tables.file import read_table
from nasbench.tables.record import Table
from tests.conftest import TINY
from tests.tables.conftest import GRID

Planned = Callable[..., Build]
Make = Callable[..., Path]


def dominating(table: Table) -> set[Architecture]:
    """The true front by comparing all with all; of equal points the first."""
    points = [(row.architecture, tuple(row.validation.values())) for row in table.rows.values() if row.validation]
    return {
        a
        for i, (a, p) in enumerate(points)
        if not any(
            (all(x <= y for x, y in zip(q, p, strict=True)) and q != p) or (q == p and j < i)
            for j, (_, q) in enumerate(points)
        )
    }


def test_a_table_holds_every_architecture_of_its_grid_with_its_sizes(table: Table) -> None:
    assert [row.architecture.values for row in table.rows.values()] == list(
        itertools.product(range(3), range(1, 5), (16, 32, 48, 64))
    )
    for (layers, heads, units), row in ((a.values, row) for a, row in table.rows.items()):
        assert isinstance(layers, int)
        assert isinstance(heads, int)
        assert isinstance(units, int)
        network = SubNetwork(tuple(range(layers)), (range(heads),) * layers, (range(units),) * layers)
        assert row.sizes == cost.sizes(table.header.shape, network, table.header.max_length)
        for split, billed in (("validation", row.cost), ("test", row.test_cost)):
            assert billed == cost.forward_macs(table.header.shape, network, table.header.lengths[split])
        assert row.validation["error"] == 1 - row.scores["accuracy"]
        assert row.test["error"] == 1 - row.test_scores["accuracy"]


def test_the_stored_front_is_that_of_brute_force(table: Table) -> None:
    assert set(table.front) == dominating(table)
    assert [a for a in table.rows if a in table.front] == list(table.front)


def test_a_run_that_computes_finds_what_the_table_says(table: Table, tmp_path: Path, make_run: Make) -> None:
    grid = [override for override in GRID if not override.startswith("+experiment")]
    run = read_run(make_run(tmp_path, "ws_nas", "task=bbc_topics", "task.max_length=64", "budget.amount=3", *grid))
    assert [(p.name, p.cost, p.weights, p.scores) for p in run.phases] == [
        (p.name, p.cost, p.weights, p.scores) for p in table.header.phases
    ]
    assert len(run.trials) > 5
    for trial in run.trials:
        row, found = table.row(trial.proposal.architecture), trial.evaluation
        assert (row.scores, row.validation, row.sizes, row.cost) == (
            found.scores,
            found.validation,
            found.sizes,
            found.cost,
        )
    for test in run.tests:
        row = table.row(run.trials[test.trial].proposal.architecture)
        assert (row.test_scores, row.test, row.test_cost) == (test.scores, test.objectives, test.cost)


@pytest.mark.parametrize("scorings", [1, 40, 60])
def test_a_build_cut_anywhere_goes_on_and_scores_nothing_twice(
    scorings: int, table: Table, tmp_path: Path, planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[SubNetwork] = []

    def counted(scorer: Scorer, networks: Sequence[SubNetwork]) -> list[dict[str, float]]:
        scored.extend(networks)
        return real(scorer, networks)

    def cut(done: int, total: int) -> None:
        if done == scorings:
            raise KeyboardInterrupt

    real = Scorer.scores
    monkeypatch.setattr(Scorer, "scores", counted)
    with pytest.raises(KeyboardInterrupt):
        planned(tmp_path).execute(cut)
    build = planned(tmp_path)
    assert not build.path.exists()
    build.execute(lambda done, total: None)
    assert read_table(build.path).checksum == table.checksum
    assert list((tmp_path / ".tables").glob("*.jsonl")) == []
    distinct = 1 + 2 * 4 * 4
    of_one_width = 2
    assert len(scored) <= 2 * distinct + of_one_width  # those that were under way when it was cut


def test_a_finished_table_is_not_built_again_and_no_other_is_overwritten(
    table_path: Path, tmp_path: Path, planned: Planned
) -> None:
    results = table_path.parent.parent
    assert planned(results).done()
    assert not planned(tmp_path).done()
    other = planned(results, "seed=1")
    assert other.path != table_path
    other.path.write_bytes(table_path.read_bytes())
    with pytest.raises(InputError, match=r"holds another table, [0-9a-f]{16}: name another file with --out"):
        other.done()
    other.path.unlink()


def test_search_and_budget_make_no_other_table(table_path: Path, tmp_path: Path, planned: Planned) -> None:
    assert planned(tmp_path, "search=nsga2", "budget.amount=3").path.name == table_path.name
    assert planned(tmp_path, "training.learning_rate=0.01").path.name != table_path.name


def test_a_network_that_diverges_has_no_objectives_and_is_no_part_of_the_front(
    tmp_path: Path, planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(scorer: Scorer, networks: Sequence[SubNetwork]) -> list[dict[str, float]]:
        scores = real(scorer, networks)
        return [{"loss": float("nan")} if len(n.layers_kept) == 0 else s for n, s in zip(networks, scores, strict=True)]

    real = Scorer.scores
    monkeypatch.setattr(Scorer, "scores", failing)
    build = planned(tmp_path)
    build.execute(lambda done, total: None)
    table = read_table(build.path)
    lost = [row for row in table.rows.values() if row.status is Status.DIVERGED]
    assert [row.architecture.values[0] for row in lost] == [0] * 16
    assert all(not (row.validation or row.scores or row.test or row.test_scores) for row in lost)
    assert set(table.front) == dominating(table)
    assert not set(table.front) & {row.architecture for row in lost}


@pytest.mark.parametrize("method", ["ws_nas", "s_nas"])
def test_a_test_score_that_is_not_finite_costs_no_more_than_itself(
    method: str, tmp_path: Path, planned: Planned, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(scorer: Scorer, networks: Sequence[SubNetwork]) -> list[dict[str, float]]:
        if len(scorer.split) != 11:
            return real(scorer, networks)
        return [{"loss": float("nan")} for _ in networks]

    real = Scorer.scores
    monkeypatch.setattr(Scorer, "scores", failing)
    coarse = ("limits.test=11", "space.units_step=64", "space.heads_step=4", f"method={method}")
    build = planned(tmp_path, *coarse)
    build.execute(lambda done, total: None)
    table = read_table(build.path)
    assert all(row.status is Status.OK and row.validation for row in table.rows.values())
    assert all(not row.test and not row.test_scores and row.test_cost for row in table.rows.values())
    assert main(["table", "show", str(build.path)]) == 0
    assert " - " in capsys.readouterr().out
    look_up = [f"estimator.table={build.path}", f"runtime.results={tmp_path}", "budget.amount=3", *coarse[:3]]
    (spec,) = experiment(["+experiment=table_search", *GRID[1:], *look_up]).runs
    run = assemble(spec)
    run.execute(lambda progress: None)
    tests = read_run(run.path).tests
    assert tests
    assert all(not test.objectives and not test.scores and test.cost for test in tests)


def test_memory_that_does_not_suffice_is_told_and_what_is_done_stays(
    table: Table, tmp_path: Path, planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(scorer: Scorer, networks: Sequence[SubNetwork]) -> list[dict[str, float]]:
        if scored:
            raise MemoryError
        scored.extend(networks)
        return real(scorer, networks)

    scored: list[SubNetwork] = []
    real = Scorer.scores
    with monkeypatch.context() as patched:
        patched.setattr(Scorer, "scores", exhausted)
        with pytest.raises(RunError, match=r"out of memory: take a smaller training\.batch_size"):
            planned(tmp_path).execute(lambda done, total: None)
    build = planned(tmp_path)
    assert read_run(build.rows_path).trials
    build.execute(lambda done, total: None)
    assert read_table(build.path).checksum == table.checksum


def test_what_torch_finds_wrong_with_a_build_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(scorer: Scorer, networks: Sequence[SubNetwork]) -> list[dict[str, float]]:
        raise RuntimeError("can't allocate memory: you tried to allocate 2 GiB\nmore")

    monkeypatch.setattr(Scorer, "scores", failing)
    assert main(["table", "build", *GRID, f"runtime.results={tmp_path}"]) == 1
    (sentence,) = capsys.readouterr().err.strip().splitlines()
    assert "you tried to allocate 2 GiB): the same command goes on" in sentence


def test_overrides_of_a_build_stand_on_either_side_of_its_flags() -> None:
    given = ["table", "build", "+experiment=table_small", "--out", "a=b.parquet", "seed=1", "~x"]
    assert with_overrides_last(given) == [*given[:2], *given[3:5], given[2], *given[5:]]
    assert with_overrides_last(["table", "build", "seed=1", "--out=F"]) == ["table", "build", "--out=F", "seed=1"]


def test_a_build_takes_overrides_after_its_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "t.parquet"
    assert main(["table", "build", *GRID[:3], "--out", str(out), *GRID[3:], "dry_run=true"]) == 0
    told = capsys.readouterr().out
    assert "48 architectures" in told
    assert f"table: {out}" in told


@pytest.mark.parametrize("there", ["a file", "nothing"])
def test_a_table_that_could_not_be_written_is_not_begun(
    there: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "place"
    if there == "a file":
        place.write_text("mine")
    results = f"runtime.results={tmp_path / 'results'}"
    build = ["table", "build", *GRID, results, "--out", str(place / "table.parquet"), "dry_run=true"]
    assert main(build) == (2 if there == "a file" else 0)
    error = capsys.readouterr().err
    assert (f"the folder of --out={place} cannot be a folder: {place} is a file" in error) == (there == "a file")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("setting", ["executor=processes", "workers=2", "workers_per_run=2"])
def test_workers_that_a_build_would_not_use_are_refused(setting: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", "build", *GRID, f"runtime.{setting}"]) == 2
    assert f"runtime.{setting} makes no table faster, for one process builds it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["space.units_step=10"], "space.units_step=10 must divide the 64 units"),
        (["method=head_pruning"], "of networks that are each trained, not by head_pruning"),
    ],
)
def test_what_has_no_table_is_refused(overrides: list[str], words: str, tmp_path: Path, planned: Planned) -> None:
    with pytest.raises(InputError, match=words):
        planned(tmp_path, *overrides)


def test_a_space_too_large_to_list_is_refused(tmp_path: Path) -> None:
    for space, words in (("medium", r"space medium has [\d.e+]+ architectures, .*100,000"), ("large", "has no list")):
        (spec,) = experiment([*TINY, "method=ws_nas", f"space={space}", f"runtime.results={tmp_path}"]).runs
        with pytest.raises(InputError, match=words):
            plan(spec, None)


def test_any_space_with_a_list_has_a_table(tmp_path: Path) -> None:
    (spec,) = experiment([*TINY, "method=ws_nas", "space=layer", f"runtime.results={tmp_path}"]).runs
    build = plan(spec, tmp_path / "layer.parquet")
    build.execute(lambda done, total: None)
    table = read_table(tmp_path / "layer.parquet")
    assert [a.values for a in table.rows] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert set(table.front) == dominating(table)
