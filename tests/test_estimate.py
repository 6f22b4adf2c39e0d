"""What a dry run foretells, against what runs then take."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nasbench import compose
from nasbench.drive import front
from nasbench.estimate import estimate, packed_bytes, run_file_bytes, weights_bytes
from nasbench.plan import plan
from nasbench.results import read_run
from nasbench.spaces.large import LargeSpace
from tests.conftest import REPOSITORY, TINY

Make = Callable[..., Path]


def disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("method", "overrides"),
    [
        ("unpruned", ()),
        ("ws_nas", ("search.max_trials=30",)),
        ("s_nas", ("search.max_trials=5",)),
        ("s_nas", ("search=mo_asha", "training.epochs=3", "search.batch_size=4", "search.max_trials=6")),
    ],
)
def test_a_run_takes_no_more_disk_than_the_formula_says(
    tmp_path: Path, make_run: Make, method: str, overrides: tuple[str, ...]
) -> None:
    path = make_run(tmp_path, method, *overrides, "budget.amount=6")
    run = read_run(path)
    resumed = {trial.proposal.resumes for trial in run.trials}
    epochs = run.header.config["training"]["epochs"]
    undecided = [t for t in run.trials if t.ok and (t.proposal.fidelity or epochs) < epochs and t.index not in resumed]
    whole = [t for t in front(run.trials) if t not in undecided]
    networks = 1 if run.phases else len(whole)
    assert path.stat().st_size <= run_file_bytes(len(run.trials))
    stored = disk(tmp_path / ".weights")
    at_most = weights_bytes(run.header.full.parameters, networks, len(undecided))
    assert stored <= at_most
    if method in ("unpruned", "ws_nas"):  # whose networks are whole ones
        assert stored > at_most / 2


def test_the_formula_is_the_one_of_the_documentation() -> None:
    text = (REPOSITORY / "docs" / "cluster.md").read_text("utf-8")
    assert "8,000 + (1,000 + A) T bytes" in text
    assert run_file_bytes(3, 7) == 8_000 + (1_000 + 7) * 3
    assert "A is L ((H + U) / 4 + 6)" in text
    assert packed_bytes(12, 12, 3072) == 12 * (771 + 6)
    assert "(4 P + 20,000) N + (12 P + 20,000) U bytes" in text
    assert weights_bytes(7, 3, 2) == (4 * 7 + 20_000) * 3 + (12 * 7 + 20_000) * 2


@pytest.mark.parametrize(("layers", "heads", "units"), [(12, 12, 3072), (2, 4, 64), (3, 1, 2)])
def test_an_architecture_of_large_takes_no_more_than_the_formula_says(layers: int, heads: int, units: int) -> None:
    space = LargeSpace(layers=layers, heads=heads, units=units)
    taken = len(json.dumps(space.sample(np.random.default_rng(0)).to_json()))
    assert 0.5 * packed_bytes(layers, heads, units) < taken <= packed_bytes(layers, heads, units)


def told(folder: Path, *overrides: str) -> str:
    return told_of(*TINY, *overrides, f"runtime.results={folder}")


def told_of(*overrides: str) -> str:
    return estimate(plan(compose.experiment(overrides)), 1)


def test_a_budget_bounds_time_where_it_can(tmp_path: Path) -> None:
    seconds = ("budget=seconds", "budget.amount=7200", "seeds=[0,1]")
    assert told(tmp_path, "methods=[s_nas]", *seconds).startswith("about 240 min at most (4.0 core-hours), ")
    assert "at most" in told(tmp_path, "methods=[s_nas]")
    trials = ("budget=trials", "budget.amount=10")
    assert told(tmp_path, "methods=[s_nas]", *trials).startswith("as long as so many trials take, ")
    assert "before the first trials, then as long as so many trials take" in told(tmp_path, "methods=[ws_nas]", *trials)


def test_disk_is_foretold_by_what_a_method_stores(tmp_path: Path) -> None:
    planned = plan(compose.experiment([*TINY, "methods=[unpruned,ws_nas,s_nas]", f"runtime.results={tmp_path}"]))
    assert [p.networks for p in planned] == [1, 1, 16]
    (capped,) = plan(
        compose.experiment([*TINY, "methods=[s_nas]", "search.max_trials=3", f"runtime.results={tmp_path}"])
    )
    assert capped.networks == 3


def test_networks_that_are_built_are_foretold_as_two_copies_of_population_and_children(tmp_path: Path) -> None:
    """Two founders and three children; the unmodified network is one; each run has its base."""
    planned = plan(compose.experiment(["+experiment=smoke_pretrain", f"runtime.results={tmp_path}"]))
    assert {p.run.method.name: p.networks for p in planned} == {"two_phase_nas": 1 + 2 * 5, "unmodified": 1 + 2 * 1}


def test_a_look_up_takes_no_time_beforehand(tmp_path: Path) -> None:
    """The table's super-network is billed, not trained."""
    (planned,) = plan(compose.experiment(["+experiment=table_search", f"runtime.results={tmp_path}"]))
    assert planned.run.method.upfront_price(planned.run.problem) > 0
    assert planned.upfront == 0
    for budget in ("budget=trials", "budget=epochs"):
        text = told_of("+experiment=table_search", budget, "budget.amount=10", f"runtime.results={tmp_path}")
        assert text.startswith("as long as so many trials take, 0 MB")
